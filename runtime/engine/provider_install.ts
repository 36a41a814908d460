/** Without this file the libraries of a provider would have to be copied by hand, and a wrong version would be found out by a crash. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { atomicWrite } from "../data/atomic_write.ts";
import { CUDA_FILES } from "./providers.ts";

/** What stands against an installation, in words for people. */
export class InstallError extends Error {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

interface Candidate {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

const VERSIONED = /^libonnxruntime\.so\.(\d+\.\d+\.\d+)$/;
/** The CUDA provider of 1.30 has 272 MB; a download that was cut, or a placeholder of git-lfs, is far smaller. */
const LEAST_BYTES: Readonly<Record<(typeof CUDA_FILES)[number], number>> = { "libonnxruntime_providers_shared.so": 4096, "libonnxruntime_providers_cuda.so": 2 ** 20 };
const MACHINE: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/**
 * Copy the CUDA provider's libraries from `from`, for example the `onnxruntime/capi` of an unpacked wheel onnxruntime-gpu, beside ONNX
 * Runtime's own. All files are checked before any is copied, and each appears whole or not at all. Returns what was copied.
 * @throws InstallError where a file is missing, cut, of another machine, of another version, or of none that can be told
 */
export async function installCuda(from: string, into: string, version: string, arch: string): Promise<readonly string[]> {
  const names = await readdir(from).catch(() => {
    throw new InstallError(`${from} is not a folder that can be read`, "name the folder that holds the provider's libraries");
  });
  const found: Candidate[] = [];
  for (const name of CUDA_FILES) {
    if (!names.includes(name)) throw new InstallError(`${from} holds no ${name}`, "unpack the wheel onnxruntime-gpu and name its folder onnxruntime/capi");
    const path = join(from, name);
    const { size } = await stat(path);
    if (size < LEAST_BYTES[name]) throw new InstallError(`${path} has ${size} bytes: it was cut, or is a placeholder`, "download it again");
    await requireLibrary(path, arch);
    found.push({ name, path, size });
  }
  const theirs = await versionOf(from, names);
  if (theirs === null) throw new InstallError(`nothing in ${from} says which version of ONNX Runtime the libraries belong to`, `keep them beside libonnxruntime.so.${version}, as the wheel does`);
  if (theirs !== version) throw new InstallError(`the libraries belong to ONNX Runtime ${theirs}, and saeq runs ${version}`, `pip download --no-deps onnxruntime-gpu==${version}`);
  await requireRecorded(from, found);
  for (const { name, path, size } of found) await placeWhole(path, join(into, name), size);
  return found.map(({ name, size }) => `${name} (${(size / 1e6).toFixed(1)} MB)`);
}

/** ELF, 64 bits, a shared library, of this machine (System V ABI, ELF header). */
async function requireLibrary(path: string, arch: string): Promise<void> {
  const file = await open(path, "r");
  const header = Buffer.alloc(20);
  await file.read(header, 0, 20, 0).finally(() => file.close());
  if (header.subarray(0, 4).toString("latin1") !== "\u007fELF" || header[4] !== 2 || header.readUInt16LE(16) !== 3) throw new InstallError(`${path} is not a shared library for Linux`, "name the folder that holds the provider's libraries");
  if (header.readUInt16LE(18) !== MACHINE[arch]) throw new InstallError(`${path} was built for another processor than ${arch}`, "take the wheel for this machine");
}

/** By the versioned library beside them, else by the wheel's own note. */
async function versionOf(from: string, names: readonly string[]): Promise<string | null> {
  const versions = [...new Set(names.flatMap((name) => VERSIONED.exec(name)?.[1] ?? []))];
  if (versions.length > 1) throw new InstallError(`${from} holds libraries of several versions: ${versions.join(", ")}`, "name a folder with one of them");
  if (versions.length === 1) return versions[0]!;
  const note = await readFile(join(from, "build_and_package_info.py"), "utf8").catch(() => "");
  return /__version__ = '(\d+\.\d+\.\d+)'/.exec(note)?.[1] ?? null;
}

/** Where the wheel was unpacked whole, its RECORD (PyPA, recording installed projects) says size and hash of each file. */
async function requireRecorded(from: string, found: readonly Candidate[]): Promise<void> {
  const root = join(from, "..", "..");
  const info = (await readdir(root).catch(() => [])).find((name) => /^onnxruntime_gpu-.*\.dist-info$/.test(name));
  const record = info === undefined ? "" : await readFile(join(root, info, "RECORD"), "utf8").catch(() => "");
  for (const { name, path, size } of found) {
    const line = record.split("\n").find((each) => each.startsWith(`onnxruntime/capi/${name},`));
    const [, hash, bytes] = /,sha256=([\w-]+),(\d+)/.exec(line ?? "") ?? [];
    if (hash === undefined) continue;
    if (Number(bytes) !== size || (await sha256(path)) !== hash) throw new InstallError(`${path} is not the file that the wheel was published with`, "unpack the wheel again");
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("base64url");
}

async function placeWhole(from: string, to: string, size: number): Promise<void> {
  const { bytes } = await atomicWrite(to, createReadStream(from)).catch((error: unknown) => {
    throw new InstallError(`${to} could not be written: ${error instanceof Error ? error.message : String(error)}`, "make room there, or run it as the owner of that folder");
  });
  if (bytes !== size) throw new InstallError(`${basename(to)} changed while it was copied`, "run it again");
}
