/** Without this file a colleague would get a script by mail and ask for its data, its modules and the model in three more. */
import { basename, dirname, resolve } from "node:path";
import { paramFlag } from "../flags.ts";
import { visible } from "../../grammar/visible.ts";
import { packed, type PackedFile } from "../../runtime/bundle/pack.ts";
import { bytesOf } from "../../runtime/cache/folder.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { DataError } from "../../runtime/data/error.ts";
import { freeBytes } from "../../runtime/data/free_bytes.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import { entryOf, lockDifferences } from "../../runtime/lock/differences.ts";
import { LOCK_NAME, readLock } from "../../runtime/lock/lock_file.ts";
import { portable } from "../../runtime/record/used.ts";
import type { Request } from "../request.ts";
import { watchInterrupts } from "../interrupts.ts";
import { grantFlags } from "../permissions.ts";
import { bytes } from "../progress.ts";
import { byteProgress } from "./byte_progress.ts";
import { ownCheckpoints, type OwnCheckpoint } from "./bundled_models.ts";
import { contentsOf, runOf } from "./bundle_files.ts";
import { checkShown } from "./check_shown.ts";
import { neverFrozen } from "./frozen.ts";
import { inputsNow } from "./lock.ts";
import { fixingCommand, sayDifferences } from "./lock_report.ts";
import { isBundle, openScript, type ScriptPlace } from "./script_place.ts";
import { allGranted, mistake, openSession, outFolder, overwrites, sayDataError, type Shop } from "./shop.ts";

type Bundle = Extract<Request, { kind: "bundle" }>;

const USUAL_LIMIT = 50e6;

/** `saeq bundle FILE [-o ZIP]`: script, modules, lock, data, record and outputs in one archive. */
export async function bundle(request: Bundle, shop: Shop): Promise<number> {
  const limit = request.dataLimit === null ? USUAL_LIMIT : bytesOf(request.dataLimit);
  if (limit === null) {
    mistake(shop, `--data-limit takes a size, as 200MB or 2GiB, not ${visible(request.dataLimit ?? "")}`);
    return 2;
  }
  if (request.file === "-" || isBundle(request.file)) {
    mistake(shop, request.file === "-" ? "a bundle is made of a script file; stdin has no folder" : `${visible(request.file)} is a bundle already`);
    return 2;
  }
  const place = await openScript(request.file, shop);
  if (typeof place === "number") return place;
  const found = await inputsNow(place, request, shop);
  if (typeof found === "number") return found;
  try {
    const locked = readLock(resolve(place.readFrom, LOCK_NAME));
    const script = portable(basename(request.file));
    const differences = locked === null || entryOf(locked.scripts, script) === undefined ? [] : lockDifferences(locked, found, script);
    if (differences.length > 0) {
      sayDifferences(script, differences, shop);
      shop.stderr.write(`to accept it: ${visible(fixingCommand(request.file, differences, request.params))}\n`);
      return 5;
    }
    const run = request.results ? await runOf(place, outFolder(shop), found) : null;
    const own = ownCheckpoints(found, place.readFrom);
    const packing = request.models ? own : [];
    const contents = await contentsOf(place, found, { run, dataLimit: limit, own: packing, epoch: process.env["SOURCE_DATE_EPOCH"] });
    if (packing.length > 0 && !shop.options.quiet) shop.stderr.write(`packing ${visible(listed(packing))}\n`);
    const path = resolve(shop.cwd, request.output ?? `${basename(request.file)}.zip`);
    const inputs = [...[basename(request.file), ...Object.keys(found.data), ...Object.keys(found.modules)].map((name) => resolve(place.readFrom, name)), ...own.flatMap(({ files }) => files.map(({ path: file }) => file))];
    if (overwrites(shop, path, inputs)) return 2;
    const written = await write(path, contents.files, shop);
    if (typeof written === "string") return written === "hung up" ? 143 : 130;
    if (!shop.options.quiet) tellContents(request, path, written, contents, request.models ? [] : own, await runLine(request, place, path, shop), shop);
    return 0;
  } catch (error) {
    return sayDataError(shop, error).code === "broken-lock" ? 5 : 1;
  }
}

/** Bytes written, or how it was stopped; then nothing is left of it. */
async function write(path: string, files: readonly PackedFile[], shop: Shop): Promise<number | "interrupted" | "hung up"> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  requireRoom(path, files);
  const abort = new AbortController();
  const interrupts = watchInterrupts({ first: () => abort.abort(), second: () => process.exit(130), hangUp: () => abort.abort() });
  const progress = byteProgress(`pack ${basename(path)}`, shop);
  const onBytes = (done: number): void => progress.tell({ files: done < total ? 0 : files.length, totalFiles: files.length, bytes: done, totalBytes: total });
  try {
    return (await atomicWrite(path, packed(files, { signal: abort.signal, onBytes }), { signal: abort.signal })).bytes;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    progress.clear();
    shop.stderr.write("cancelled; nothing was written\n");
    return interrupts.hungUp() ? "hung up" : "interrupted";
  } finally {
    progress.clear();
    interrupts.stop();
  }
}

/** Weights shrink by nothing: what they take is known before a gigabyte is written. */
export function requireRoom(path: string, files: readonly PackedFile[]): void {
  const needed = files.reduce((sum, { stored, size }) => sum + (stored === true ? size : 0), 0);
  const free = freeBytes(dirname(path));
  if (free === null || needed <= free) return;
  throw new DataError({ code: "disk-full", message: `${path} does not fit on the disk: the weights in it take ${bytes(needed)}, and ${bytes(free)} are free`, help: "free some space, or write it elsewhere: -o /elsewhere/x.saeq.zip" });
}

/** `own_model (1.2 GB), own_sae (3 MB)` */
function listed(own: readonly OwnCheckpoint[]): string {
  return own.map(({ name, size }) => `${name} (${bytes(size)})`).join(", ");
}

/** How the bundle is run. */
interface Running {
  readonly line: string;
  /** Why `--frozen`, which would be told, refuses it. */
  readonly refused: string | null;
}

/** The line that runs the bundle where nobody can be asked: what it reads comes with it, what it writes and fetches has to be granted. */
async function runLine(request: Bundle, place: ScriptPlace, path: string, shop: Shop): Promise<Running> {
  const session = await openSession(shop, { readFrom: place.readFrom, grants: allGranted, params: request.params });
  try {
    const checked = await checkShown(session, place.source, shop);
    const flags = grantFlags({ ...checked.needs, read: [] }, outFolder(shop));
    const params = Object.entries(request.params).flatMap(([name, value]) => paramFlag(name, value));
    const refused = neverFrozen(place, checked);
    return { line: ["saeq", "run", ...flags, basename(path), ...(refused === null ? ["--frozen"] : []), ...params].map(shellWord).join(" "), refused };
  } finally {
    await session.close();
  }
}

function tellContents(request: Bundle, path: string, written: number, { files, left, record }: Awaited<ReturnType<typeof contentsOf>>, absent: readonly OwnCheckpoint[], { line, refused }: Running, shop: Shop): void {
  const say = (text: string): void => void shop.stderr.write(`${visible(text)}\n`);
  say(`saved ${path}  ${bytes(written)}, ${files.length} files; to run it: ${line}`);
  if (refused !== null) say(`note: run with --frozen it would be refused: ${refused}`);
  for (const { name, size } of left) say(`note: ${name} (${bytes(size)}) is not in it; --data-limit ${Math.ceil(size / 1e6)}MB takes it in`);
  if (record === null && request.results) say("note: it holds no results; `saeq run --record` before it puts outputs and their record in");
  const near = absent.filter(({ absolute }) => !absolute);
  if (near.length > 0) say(`note: ${listed(near)} ${near.length === 1 ? "is a folder" : "are folders"} of this machine, and not in it; --with-models takes ${near.length === 1 ? "it" : "them"} in`);
  for (const { name, size } of absent.filter(({ absolute }) => absolute)) say(`note: ${name} (${bytes(size)}) is not in it, and no other machine has it there; beside the script, named relative to it, --with-models takes it in`);
}
