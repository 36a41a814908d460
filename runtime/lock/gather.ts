/** Without this file a lock would be written by hand. */
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { plansOf } from "../../src/lint/plans.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import type { Compiled } from "../../src/pipeline.ts";
import { createCatalog } from "../catalog/catalog.ts";
import type { HubCall } from "../hub/hub.ts";
import { fileDigest } from "../record/file_digest.ts";
import { modulesOf, portable, usedBy } from "../record/used.ts";
import { sha256 } from "../record/run_record.ts";
import { checkpointFiles, type CheckpointFile } from "./checkpoint_files.ts";
import { emptyLock, type Lock, type LockedData, type LockedFile, type LockedModel, type LockedSae } from "./lock_file.ts";

/** One script and where it lies. */
export interface LockSource {
  readonly name: string;
  readonly text: string;
  readonly compiled: Compiled;
  readonly readFrom: string;
  readonly saeq: string;
  /** Environment that says where the hub's cache is. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Told how far hashing is. */
export type OnHashed = (done: { readonly files: number; readonly totalFiles: number; readonly bytes: number; readonly totalBytes: number }) => void;

/** Settings of a script that its results depend on; others change nothing, or belong to a machine. */
const LOCKED_SETTINGS = ["bos", "convention", "dtype", "guard", "long", "model", "sae", "seed", "threshold"];

/** The lock of one script as things are now: every file it reads, hashed whole. @throws what the system says of a file; AbortError */
export async function gatherLock(source: LockSource, call: HubCall, onHashed: OnHashed): Promise<Lock> {
  const { compiled, readFrom, name } = source;
  const used = usedBy(plansOf(compiled));
  const catalog = createCatalog(readFrom, { env: source.env });
  const models: { readonly name: string; readonly files: readonly CheckpointFile[]; readonly entry: Omit<LockedModel, "files"> }[] = [];
  const saes: { readonly name: string; readonly files: readonly CheckpointFile[]; readonly entry: Omit<LockedSae, "files"> }[] = [];
  for (const [key, ref] of used.models) {
    await catalog.lookUp({ kind: "model", name: ref.name }, call);
    const { spec, located, tokenizer, facts } = catalog.model(ref);
    models.push({ name: key, files: await checkpointFiles(located, spec), entry: { revision: located.hub?.commit ?? null, architecture: spec.architecture, layers: facts.layers, width: spec.hiddenSize, vocabulary: spec.vocabulary, bos: tokenizer.bosId } });
  }
  for (const [key, ref] of used.saes) {
    await catalog.lookUp({ kind: "sae", name: ref.name, convention: ref.convention }, call);
    const { spec, located } = catalog.sae(ref);
    saes.push({ name: key, files: await checkpointFiles(located, spec), entry: { revision: located.hub?.commit ?? null, format: spec.format, kind: spec.kind, convention: spec.convention, hook: spec.hookName, inputs: spec.dIn, features: spec.dSae, normalize: spec.normalize } });
  }
  const data: Record<string, LockedData> = {};
  for (const [key, op] of used.data) {
    const found = await catalog.lookUp({ kind: "table", path: op.path, separator: op.separator, types: op.types, format: op.format, ...(op.lenient === undefined ? {} : { lenient: op.lenient }) }, call);
    call.signal.throwIfAborted();
    // One large table in memory is enough.
    catalog.forgetTables();
    if (found.state !== "known" || !("rows" in found.value)) continue;
    // Readers of tables hash every byte on their way; only checkpoints are named by samples.
    const { rows, digest, schema } = found.value;
    data[key] = { size: (await stat(catalog.inputPath(op.path))).size, sha256: digest, rows, columns: Object.fromEntries(schema.columns.map(({ name: column, type }) => [column, type])) };
  }
  const hashed = await hashAll([...models, ...saes].flatMap(({ files }) => files), call.signal, onHashed);
  const named = (files: readonly CheckpointFile[]): Record<string, LockedFile> => Object.fromEntries(files.map((file) => [file.name, file.known ?? hashed(file.path)]));
  const paths = modulesOf(source.text, (path) => readable(resolve(readFrom, path)));
  const modules = Object.fromEntries(paths.map((path) => [path, sha256(readFileSync(resolve(readFrom, path)))]));
  return {
    ...emptyLock(source.saeq),
    models: Object.fromEntries(models.map(({ name: key, files, entry }) => [key, { ...entry, files: named(files) }])),
    saes: Object.fromEntries(saes.map(({ name: key, files, entry }) => [key, { ...entry, files: named(files) }])),
    data,
    modules,
    scripts: { [portable(name)]: { models: [...used.models.keys()], saes: [...used.saes.keys()], data: [...used.data.keys()], modules: paths, settings: settingsOf(compiled) } },
  };
}

function settingsOf({ scope: { settings } }: Compiled): Record<string, string> {
  return Object.fromEntries(LOCKED_SETTINGS.map((name) => [name, name === "seed" && !settings.seedGiven ? "chosen for each run" : SETTINGS[name]!.show(settings).replaceAll("\\", "/")]));
}

function readable(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Each file once, one after the other: disks and people like that better than all at once. */
async function hashAll(files: readonly CheckpointFile[], signal: AbortSignal, onHashed: OnHashed): Promise<(path: string) => { readonly size: number; readonly sha256: string }> {
  const wanted = new Map(files.filter(({ known }) => known === null).map(({ path, size }) => [path, size]));
  const found = new Map<string, { readonly size: number; readonly sha256: string }>();
  const totalBytes = [...wanted.values()].reduce((sum, size) => sum + size, 0);
  let bytes = 0;
  for (const path of wanted.keys()) {
    const tell = (): void => onHashed({ files: found.size, totalFiles: wanted.size, bytes, totalBytes });
    const digest = await fileDigest(path, { signal, onBytes: (more) => {
      bytes += more;
      tell();
    } });
    found.set(path, { size: digest.bytes, sha256: digest.sha256 });
    tell();
  }
  return (path) => found.get(path)!;
}
