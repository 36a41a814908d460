/** Without this file nobody would know which files a repository has, how large they are and what they hash to. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";
import type { HubEnvironment } from "./environment.ts";
import { COMMIT, type HubName } from "./name.ts";
import { keepNote } from "./note.ts";
import type { Request } from "./request.ts";

/** A file of a repository at one commit. */
export interface Listed {
  readonly path: string;
  readonly size: number;
  /** What its blob is called: the sha256 of a large file, git's sha1 of a small one. Also its hash. */
  readonly hash: string;
  readonly algorithm: "sha256" | "sha1";
}

/** The requests of the library, through ours: tries again, follows what may be followed, and says what a refusal means. */
function libraryFetch(request: Request, name: HubName, signal: AbortSignal): typeof fetch {
  return (url, init) => request(url instanceof globalThis.Request ? url.url : String(url), init ?? {}, { repository: name.repository, revision: name.revision, file: name.folder === "" ? null : name.folder }, signal, LARGEST_LIST);
}

/** Bytes of one page of a list: a thousand entries take less than a megabyte. */
const LARGEST_LIST = 64 * 2 ** 20;

/** Loaded when it is used: a session that asks no hub does not wait for it. */
const library = () => import("@huggingface/hub");

/** The commit that a branch or tag is at. */
export async function commitOf(name: HubName, env: HubEnvironment, request: Request, signal: AbortSignal): Promise<string> {
  const { modelInfo } = await library();
  const info = await understood(env, "the commit of a revision", () => modelInfo({ name: name.repository, revision: name.revision, additionalFields: ["sha"], hubUrl: env.endpoint, fetch: libraryFetch(request, { ...name, folder: "" }, signal) }));
  const sha: unknown = info.sha;
  if (typeof sha !== "string" || !COMMIT.test(sha)) throw odd(env, "the commit of a revision");
  return sha;
}

/**
 * Files of a folder at a commit, `deep` those of its folders too. Remembered, since a commit never changes.
 * Paths are checked: a repository may not name a place outside its own snapshot.
 */
export async function filesAt(name: HubName, deep: boolean, commit: string, env: HubEnvironment, request: Request, signal: AbortSignal): Promise<readonly Listed[]> {
  const note = join(env.notes, name.repository.replaceAll("/", "--"), commit, noteOf(name.folder, deep));
  const known = await remembered(note);
  if (known !== null) return known;
  const found = await understood(env, "its files", () => listed(name, deep, commit, env, request, signal));
  await keepNote(note, JSON.stringify(found));
  return found;
}

async function listed(name: HubName, deep: boolean, commit: string, env: HubEnvironment, request: Request, signal: AbortSignal): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  const { listFiles } = await library();
  const entries = listFiles({
    repo: { type: "model", name: name.repository },
    revision: commit,
    recursive: deep,
    ...(name.folder === "" ? {} : { path: name.folder.split("/").map(encodeURIComponent).join("/") }),
    hubUrl: env.endpoint,
    fetch: libraryFetch(request, name, signal),
  });
  for await (const { type, path, size, oid, lfs } of entries) {
    if (type !== "file") continue;
    const file: Listed = lfs === undefined ? { path, size, hash: oid ?? "", algorithm: "sha1" } : { path, size: lfs.size, hash: lfs.oid.replace(/^sha256:/, ""), algorithm: "sha256" };
    requireSound(file, env);
    found.push(file);
  }
  return found;
}

/** An answer that is no JSON is the hub's mistake. */
async function understood<T>(env: HubEnvironment, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof SyntaxError ? odd(env, what) : error;
  }
}

/** What the list of a folder is called. */
export function noteOf(folder: string, deep: boolean): string {
  return `${folder === "" ? "root" : `${encodeURIComponent(folder)}${deep ? "" : "%2F"}`}.json`;
}

/** A list that was kept; null where there is none, or none that can be read. */
export async function remembered(note: string): Promise<readonly Listed[] | null> {
  try {
    const value = JSON.parse(await readFile(note, "utf8")) as readonly Listed[];
    return Array.isArray(value) && value.every(isSound) ? value : null;
  } catch {
    return null;
  }
}

function isSound({ path, size, hash, algorithm }: Listed): boolean {
  const inside = typeof path === "string" && path !== "" && !/[\\\0]|^\/|^[a-zA-Z]:/.test(path) && !path.split("/").some((part) => part === "" || part === "." || part === "..");
  const hashed = typeof hash === "string" && (algorithm === "sha256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash);
  return inside && hashed && Number.isSafeInteger(size) && size >= 0;
}

function requireSound(listed: Listed, env: HubEnvironment): void {
  if (!isSound(listed)) throw odd(env, `the file ${JSON.stringify(listed.path)}`);
}

function odd(env: HubEnvironment, what: string): CheckpointError {
  return new CheckpointError("hub-unavailable", `${env.host} describes ${what} in a way that cannot be`, { help: "check HF_ENDPOINT: it may not be a hub" });
}
