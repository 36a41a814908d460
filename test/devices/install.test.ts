/** Without this file a wrong, cut or foreign library could be copied beside ONNX Runtime's own. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { installCuda, InstallError } from "../../runtime/engine/provider_install.ts";
import { folder } from "../session/open.ts";

const CUDA = "libonnxruntime_providers_cuda.so";
const SHARED = "libonnxruntime_providers_shared.so";

/** A shared library of `size` bytes as far as its header goes. */
function library(size: number, machine = 62, kind = 3): Buffer {
  const bytes = Buffer.alloc(size, 7);
  bytes.write("\u007fELF", 0, "latin1");
  bytes[4] = 2;
  bytes.writeUInt16LE(kind, 16);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

/** An unpacked wheel; its capi folder. */
function wheel(change: Readonly<Record<string, string | Buffer | null>> = {}): string {
  const root = folder();
  const capi = join(root, "onnxruntime", "capi");
  mkdirSync(capi, { recursive: true });
  const files: Record<string, string | Buffer | null> = { [CUDA]: library(2 ** 20), [SHARED]: library(14632), "libonnxruntime.so.1.30.0": "", ...change };
  for (const [name, content] of Object.entries(files)) if (content !== null && !name.includes("/")) writeFileSync(join(capi, name), content);
  const info = join(root, "onnxruntime_gpu-1.30.0.dist-info");
  mkdirSync(info);
  const line = (name: string, content: Buffer): string => `onnxruntime/capi/${name},sha256=${createHash("sha256").update(content).digest("base64url")},${content.length}`;
  writeFileSync(join(info, "RECORD"), String(change["../RECORD"] ?? [line(CUDA, library(2 ** 20)), line(SHARED, library(14632)), ""].join("\n")));
  return capi;
}

const refused = async (from: string, into = folder()): Promise<InstallError> => {
  const error = await installCuda(from, into, "1.30.0", "x64").then(() => assert.unreachable() as never, (cause) => cause);
  assert.instance(error, InstallError);
  assert.equal(readdirSync(into), [], "nothing is left behind");
  return error;
};

test("libraries of the same version are copied whole, and only they", async () => {
  const [from, into] = [wheel(), folder()];
  assert.equal(await installCuda(from, into, "1.30.0", "x64"), [`${SHARED} (0.0 MB)`, `${CUDA} (1.0 MB)`]);
  assert.equal(readdirSync(into).sort(), [CUDA, SHARED]);
  assert.ok(readFileSync(join(into, CUDA)).equals(readFileSync(join(from, CUDA))));
});

test("the wheel's note is enough where the versioned library is not there", async () => {
  const into = folder();
  await installCuda(wheel({ "libonnxruntime.so.1.30.0": null, "build_and_package_info.py": "package_name = 'onnxruntime-gpu'\n__version__ = '1.30.0'\n" }), into, "1.30.0", "x64");
  assert.ok(existsSync(join(into, CUDA)));
});

for (const [words, change, message] of [
  ["of another version", { "libonnxruntime.so.1.30.0": null, "libonnxruntime.so.1.29.1": "" }, /belong to ONNX Runtime 1\.29\.1, and saeq runs 1\.30\.0/],
  ["of two versions", { "libonnxruntime.so.1.29.1": "" }, /several versions/],
  ["of no version that can be told", { "libonnxruntime.so.1.30.0": null }, /nothing in .* says which version/],
  ["that are cut", { [CUDA]: library(1000) }, /1000 bytes: it was cut/],
  ["of another processor", { [CUDA]: library(2 ** 20, 183) }, /another processor than x64/],
  ["that are programs", { [SHARED]: library(14632, 62, 2) }, /not a shared library/],
  ["that are something else", { [SHARED]: Buffer.alloc(14632, 32) }, /not a shared library/],
  ["without the second file", { [SHARED]: null }, /holds no libonnxruntime_providers_shared/],
  ["that differ from what was published", { [CUDA]: library(2 ** 20 + 8) }, /not the file that the wheel was published with/],
] as const) {
  test(`libraries ${words} are refused`, async () => assert.match((await refused(wheel(change as Record<string, Buffer>))).message, message));
}

test("a folder that is none is refused, and a place that cannot be written is told", async () => {
  assert.match((await refused("/nowhere/at/all")).message, /not a folder/);
  const error = await installCuda(wheel(), "/nowhere/at/all", "1.30.0", "x64").then(() => assert.unreachable() as never, (cause) => cause);
  assert.match(error.message, /could not be written/);
});

test.run();
