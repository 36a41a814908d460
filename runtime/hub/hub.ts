/** Without this file a model or SAE could be used only where somebody had put its files before. */
import { existsSync } from "node:fs";
import { realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { absentFile, announce, arrived, type AbsentFile } from "../checkpoint/absent.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { blobPath, knownCommit, place, rememberCommit, repositoryFolder, snapshotFolder, tagCache } from "./cache.ts";
import type { HubEnvironment } from "./environment.ts";
import { absentSafetensors } from "./header.ts";
import { keptRanges } from "./ranges.ts";
import { filesFromSnapshot } from "./snapshot.ts";
import { commitOf, filesAt, type Listed } from "./listing.ts";
import { parseHubName, type HubName } from "./name.ts";
import { createRequest, PATIENCE, type Patience } from "./request.ts";
import { transfer } from "./transfer.ts";
import { isWeights, wantedOfFile, wantedOfModel, wantedOfSae } from "./wanted.ts";
import { makeFolder } from "../data/make_folder.ts";

/** What a look-up may do, and whom it tells. */
export interface HubCall {
  readonly signal: AbortSignal;
  /** False: only what is on this machine is used, as while somebody types. */
  readonly network: boolean;
  readonly onProgress: (label: string, counts: { readonly files: number; readonly totalFiles: number; readonly bytes: number; readonly totalBytes: number }) => void;
}

/** A model or SAE of the hub, as a folder that readers take like any other. */
export interface Opened {
  readonly folder: string;
  /** Which file of the folder was named; null where the folder was. */
  readonly file: string | null;
  readonly commit: string;
  readonly name: HubName;
  /** Weights that are not here yet. */
  readonly absent: readonly Pending[];
  /** Said to people once. */
  readonly notes: readonly string[];
}

/** A file to come. */
export interface Pending {
  readonly file: Listed;
  readonly blob: string;
  readonly pointer: string;
  readonly name: HubName;
  readonly commit: string;
}

export interface Hub {
  /** Everything that checking needs: config, tokenizer, headers of weights. @throws CheckpointError; AbortError */
  open(kind: "model" | "sae", text: string, call: HubCall): Promise<Opened>;
  /** Bring the files of a folder below a model's whose names end in `ending`; a folder that is not there has none. */
  below(opened: Opened, folder: string, ending: string, call: HubCall): Promise<void>;
  /** Bring files that were left out so far. */
  bring(files: readonly Pending[], label: string, call: HubCall): Promise<void>;
}

const AT_ONCE = 4;

export function createHub(env: HubEnvironment, patience: Patience = PATIENCE): Hub {
  const request = createRequest(env, patience);
  const notesOf = (name: HubName): string => join(env.notes, name.repository.replaceAll("/", "--"));
  const address = (name: HubName, commit: string, path: string): string => `${env.endpoint}/${name.repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;

  async function open(kind: "model" | "sae", text: string, call: HubCall): Promise<Opened> {
    const name = parseHubName(text);
    const folder = repositoryFolder(env.cache, name.repository);
    const notes: string[] = [];
    const commit = await commitFor(name, folder, call, notes);
    const snapshot = snapshotFolder(folder, commit);
    const offline = env.offline || !call.network;
    const list = (folder: string, deep: boolean): Promise<readonly Listed[]> => (offline ? filesFromSnapshot(snapshot, folder, deep, join(notesOf(name), commit)) : filesAt({ ...name, folder }, deep, commit, env, request, call.signal));
    const single = kind === "sae" && isWeights(name.folder) ? await fileNamed(name, list) : null;
    const files = single?.beside ?? (await list(name.folder, name.folder !== ""));
    if (files.length === 0) throw offline ? offlineError(name) : new CheckpointError("hub-not-found", `\`${name.repository}\` has no files in \`${name.folder}\``, { help: `its files are listed at ${env.endpoint}/${name.repository}/tree/${commit}` });
    const { now, later } = kind === "model" ? wantedOfModel(files, name.repository, name.folder) : single === null ? wantedOfSae(files, name) : wantedOfFile(files, single.file);
    const pending = (file: Listed): Pending => ({ file, name, commit, blob: blobPath(folder, file.hash), pointer: join(snapshot, file.path) });
    await bring(now.map(pending).filter(({ pointer }) => !existsSync(pointer)), `download ${text}`, call);
    const absent = later.map(pending).filter(({ pointer }) => !existsSync(pointer));
    const folderHere = join(snapshot, single === null ? name.folder : parentOf(name.folder));
    // Readers look into a folder, though nothing of it be here yet.
    makeFolderToLookInto(folderHere);
    await announceAll(absent, snapshot, call);
    return { folder: folderHere, file: single === null ? null : name.folder.slice(name.folder.lastIndexOf("/") + 1), commit, name, absent, notes };
  }

  /** The file of this name with the files beside it; null where it is a folder, though it be called like a file. */
  async function fileNamed(name: HubName, list: (folder: string, deep: boolean) => Promise<readonly Listed[]>): Promise<{ readonly file: Listed; readonly beside: readonly Listed[] } | null> {
    const beside = await list(parentOf(name.folder), false);
    const file = beside.find(({ path }) => path === name.folder);
    return file === undefined ? null : { file, beside };
  }

  /** The commit of a revision; of a branch the one it is at now, or with a word about it the last one known where the hub cannot be reached. */
  async function commitFor(name: HubName, folder: string, call: HubCall, notes: string[]): Promise<string> {
    const known = knownCommit(folder, name.revision);
    if (known === name.revision) return known;
    if (env.offline || !call.network) {
      if (known === null) throw offlineError(name);
      return known;
    }
    try {
      const commit = await commitOf(name, env, request, call.signal);
      await rememberCommit(folder, name.revision, commit);
      return commit;
    } catch (error) {
      if (known === null || !(error instanceof CheckpointError) || error.code !== "hub-unavailable") throw error;
      notes.push(`${error.message}; \`${name.revision}\` is taken as it was when last seen`);
      return known;
    }
  }

  function offlineError(name: HubName): CheckpointError {
    return new CheckpointError("hub-unavailable", `\`${name.repository}\` at \`${name.revision}\` is not in the cache, and the hub may not be asked`, { notes: [`cache: ${env.cache}`], help: env.offline ? "run it once without HF_HUB_OFFLINE and --frozen to download it" : "run it once to download it" });
  }

  /** Headers of weights to come, so that they can be checked like files. */
  async function announceAll(files: readonly Pending[], snapshot: string, call: HubCall): Promise<void> {
    const root = await realpath(snapshot).catch(() => snapshot);
    await each(files, async ({ file, blob, name, commit }) => {
      const at = join(root, file.path);
      const lies = join(await realpath(env.cache).catch(() => env.cache), blob.slice(env.cache.length));
      const notes = notesOf(name);
      const read = (offset: number, length: number): Promise<Uint8Array> => range(name, commit, file, offset, length, call);
      const kept = keptRanges(file, notes, read);
      // What was announced before may have been so by a call that has been stopped.
      const known = absentFile(lies)?.header ?? null;
      const own: AbsentFile = { size: file.size, header: known, read: kept, make: null };
      announce(at, lies, known !== null || !file.path.endsWith(".safetensors") ? own : await absentSafetensors(file, notes, read, kept));
    });
  }

  /** Bytes `offset` … of a file on the hub. */
  async function range(name: HubName, commit: string, file: Listed, offset: number, length: number, { signal, network }: HubCall): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    if (env.offline || !network) throw offlineError(name);
    const asked = { repository: name.repository, revision: name.revision, file: file.path };
    for (let attempt = 1; ; attempt++) {
      const response = await request(address(name, commit, file.path), { headers: { Range: `bytes=${offset}-${offset + length - 1}` } }, asked, signal, length);
      const bytes = response.status === 206 ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(0);
      signal.throwIfAborted();
      if (bytes.length === length) return bytes;
      if (attempt >= patience.tries) throw new CheckpointError("hub-unavailable", `${env.host} does not give parts of \`${file.path}\` of \`${name.repository}\``, { notes: [`asked for ${length} bytes at ${offset}, got ${bytes.length} with status ${response.status}`], help: "check HF_ENDPOINT; a mirror must answer Range requests" });
    }
  }

  async function bring(files: readonly Pending[], label: string, call: HubCall): Promise<void> {
    if (files.length === 0) return;
    const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const got = new Map<string, number>();
    let done = 0;
    const stop = new AbortController();
    const signal = AbortSignal.any([call.signal, stop.signal]);
    const tell = (): void => call.onProgress(label, { files: done, totalFiles: files.length, bytes: [...got.values()].reduce((a, b) => a + b, 0), totalBytes });
    await tagCache(env.cache).catch(() => {});
    await each(files, async ({ file, blob, pointer, name, commit }) => {
      const onBytes = (bytes: number): void => {
        got.set(file.path, bytes);
        if (bytes < file.size) tell();
      };
      await transfer({ url: address(name, commit, file.path), repository: name.repository, revision: name.revision, file, blob }, { request, patience, signal, onBytes });
      await place(blob, pointer);
      arrived(await realpath(blob));
      await rm(join(notesOf(name), "ranges", file.hash), { recursive: true, force: true }).catch(() => {});
      got.set(file.path, file.size);
      done++;
      tell();
    }, () => stop.abort());
  }

  async function below({ name, commit }: Opened, folder: string, ending: string, call: HubCall): Promise<void> {
    const at = { ...name, folder: name.folder === "" ? folder : `${name.folder}/${folder}` };
    const home = repositoryFolder(env.cache, name.repository);
    const snapshot = snapshotFolder(home, commit);
    const none = (error: unknown): readonly Listed[] => {
      if (error instanceof CheckpointError && error.code === "hub-not-found") return [];
      throw error;
    };
    const files = env.offline || !call.network ? await filesFromSnapshot(snapshot, at.folder, false, join(notesOf(name), commit)) : await filesAt(at, false, commit, env, request, call.signal).catch(none);
    const wanted = files.filter(({ path }) => path.endsWith(ending)).map((file): Pending => ({ file, name, commit, blob: blobPath(home, file.hash), pointer: join(snapshot, file.path) }));
    await bring(wanted.filter(({ pointer }) => !existsSync(pointer)), `download ${name.repository}/${folder}`, call);
  }

  return { open, bring, below };
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** A few at a time. The first failure ends all, and is thrown when all have ended. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>, stop: () => void = () => {}): Promise<void> {
  const queue = [...items];
  let failed: { readonly error: unknown } | null = null;
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await work(next);
      } catch (error) {
        failed ??= { error };
        queue.length = 0;
        stop();
      }
    }
  }));
  if (failed !== null) throw (failed as { readonly error: unknown }).error;
}

/** Readers look into a folder, though nothing of it be here yet. A cache that may only be read has it or has not. */
function makeFolderToLookInto(folder: string): void {
  try {
    makeFolder(folder);
  } catch {
    // What is missing in it is told by who looks.
  }
}
