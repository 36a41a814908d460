/** Without this file a bundle would hold what happens to lie around, or leave out what a script needs. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, posix, relative, resolve } from "node:path";
import { DataError } from "../../runtime/data/error.ts";
import { lockText, LOCK_NAME, type Lock } from "../../runtime/lock/lock_file.ts";
import type { PackedFile } from "../../runtime/bundle/pack.ts";
import { CRATE_NAME, crateText, type CrateFile } from "../../runtime/bundle/crate.ts";
import { inside } from "../../runtime/permissions/inside.ts";
import { fileDigest } from "../../runtime/record/file_digest.ts";
import { readRecord } from "../../runtime/record/read_record.ts";
import { recordName, sha256, type RunRecord } from "../../runtime/record/run_record.ts";
import { stableJson } from "../../runtime/record/stable_json.ts";
import { portable } from "../../runtime/record/used.ts";
import { STANDARD_PREFIX } from "../../runtime/catalog/shipped.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import type { OwnCheckpoint } from "./bundled_models.ts";
import { RESULTS } from "./bundled_results.ts";
import { openingDoc } from "./script_help.ts";
import type { ScriptPlace } from "./script_place.ts";

export interface Contents {
  readonly files: readonly PackedFile[];
  /** Data that is too large to come along, with its size. */
  readonly left: readonly { readonly name: string; readonly size: number }[];
  readonly record: RunRecord | null;
}

/** A recorded run and the folder of its outputs. */
export interface FoundRun {
  readonly record: RunRecord;
  readonly folder: string;
}

/** Files that deflate makes hardly smaller. */
const WEIGHTS = /\.(?:safetensors|npz|pt|pth|bin)$/i;

function refuse(message: string, help: string): never {
  throw new DataError({ code: "cannot-bundle", message, help });
}

/**
 * The record of the last run, from the folder of outputs or beside the script; null where there is none.
 * @throws DataError `cannot-bundle` where it is of other inputs, or its outputs were changed
 */
export async function runOf(place: ScriptPlace, outputs: string, lock: Lock): Promise<FoundRun | null> {
  const name = recordName(place.name);
  const folder = [outputs, place.readFrom].find((each) => existsSync(join(each, name)));
  if (folder === undefined) return null;
  const record = readRecord(join(folder, name));
  const again = "run it again with --record, or leave results out with --no-results";
  if (record.script.sha256 !== sha256(place.source.text)) refuse(`${name} was recorded of another version of ${place.name}`, again);
  for (const [path, digest] of Object.entries(record.inputs.data)) if (Object.hasOwn(lock.data, path) && lock.data[path]!.sha256 !== digest) refuse(`${path} was changed after ${name} was recorded`, again);
  for (const [path, digest] of Object.entries(record.inputs.modules)) if (lock.modules[path] !== digest) refuse(`${path} was changed after ${name} was recorded`, again);
  for (const [path, { sha256: digest }] of Object.entries(record.outputs)) {
    if (isAbsolute(path) || path.startsWith("…") || path.split("/").includes("..")) refuse(`the output ${path} lies outside of the folder of outputs`, "save it below that folder");
    const found = await fileDigest(join(folder, path)).catch(() => null);
    if (found === null) refuse(`the output ${path} of the recorded run is not in ${folder}`, again);
    if (found.sha256 !== digest) refuse(`the output ${path} is not what was recorded`, again);
  }
  return { record, folder };
}

export interface Wanted {
  readonly run: FoundRun | null;
  /** Bytes of the largest file of data. */
  readonly dataLimit: number;
  /** Models and SAEs that come along. */
  readonly own: readonly OwnCheckpoint[];
  /** SOURCE_DATE_EPOCH. */
  readonly epoch: string | undefined;
}

/** All files of a bundle, with the metadata that names them. @throws DataError `cannot-bundle` */
export async function contentsOf(place: ScriptPlace, lock: Lock, { run, dataLimit, own, epoch }: Wanted): Promise<Contents> {
  const { readFrom, source } = place;
  const script = place.script!;
  const data = Object.keys(lock.data).filter((name) => !name.startsWith(STANDARD_PREFIX));
  const root = rootOf(script, [...data, ...Object.keys(lock.modules), ...own.map(({ name }) => name)]);
  const named = (path: string): string => portable(relative(root, path));
  const files: { readonly packed: PackedFile; readonly role: CrateFile["role"]; readonly sha256: string }[] = [];
  const add = (role: CrateFile["role"], name: string, content: Uint8Array): void => void files.push({ role, packed: { name, size: content.length, content }, sha256: sha256(content) });
  const left: { name: string; size: number }[] = [];
  add("script", named(script), readFileSync(script));
  add("lock", named(join(dirname(script), LOCK_NAME)), Buffer.from(lockText(lock)));
  for (const module of Object.keys(lock.modules)) add("module", named(resolve(readFrom, module)), readFileSync(resolve(readFrom, module)));
  for (const name of data) {
    const { size, sha256: digest } = lock.data[name]!;
    if (size > dataLimit) left.push({ name, size });
    else files.push({ role: "data", packed: { name: named(resolve(readFrom, name)), size, content: { path: resolve(readFrom, name) } }, sha256: digest });
  }
  // An SAE may lie in the folder of its model.
  const models = new Map(own.flatMap(({ files: each }) => each.map((file) => [named(file.path), file] as const)));
  for (const [name, { path, size, sha256: digest }] of models) files.push({ role: "model", packed: { name, size, content: { path }, ...(WEIGHTS.test(name) ? { stored: true as const } : {}) }, sha256: digest });
  if (run !== null) {
    add("record", named(join(dirname(script), recordName(place.name))), Buffer.from(stableJson(run.record)));
    for (const [name, { sha256: digest }] of Object.entries(run.record.outputs)) {
      const path = join(run.folder, name);
      files.push({ role: "output", packed: { name: posix.join(RESULTS, name), size: statSync(path).size, content: { path } }, sha256: digest });
    }
  }
  const twice = files.find(({ packed }, i) => files.findIndex((other) => other.packed.name.toLowerCase() === packed.name.toLowerCase()) !== i);
  if (twice !== undefined) refuse(`two files of the bundle would be named ${twice.packed.name}`, "rename one of them");
  const crate = crateText({
    files: files.map(({ packed: { name, size }, role, sha256: digest }) => ({ name, size, role, sha256: digest })),
    description: openingDoc(source.text),
    saeq: packageVersion(),
    record: run?.record ?? null,
    date: epoch !== undefined && /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1000).toISOString().slice(0, 10) : null,
  });
  return { files: [...files.map(({ packed }) => packed), { name: CRATE_NAME, size: Buffer.byteLength(crate), content: Buffer.from(crate) }], left, record: run?.record ?? null };
}

/** The folder that a bundle is made of: that of the script, or the nearest above it that holds all it reads. */
function rootOf(script: string, inputs: readonly string[]): string {
  const absolute = inputs.find((name) => isAbsolute(name));
  if (absolute !== undefined) refuse(`${absolute} is named by its place on this machine`, "name it relative to the script, and move it beside or below it");
  const up = Math.max(0, ...inputs.map((name) => portable(name).split("/").filter((part) => part === "..").length));
  const root = resolve(dirname(script), ...Array.from({ length: up }, () => ".."));
  // Names in the bundle would tell who made it, and where.
  if (up > 0 && (inside(homedir(), root) || dirname(root) === root)) refuse(`what the script reads lies too far apart: a bundle would begin at ${root}`, "move its inputs beside or below the script");
  return root;
}
