/** Without this file a download that stops half-way would start over, and a damaged one would pass for the file. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";
import { writeAll } from "../data/atomic_write.ts";
import { freeBytes } from "../data/free_bytes.ts";
import { claim } from "./claim.ts";
import type { Listed } from "./listing.ts";
import { heard, reasonOf, sleep, type Patience, type Request } from "./request.ts";
import { makeFolder } from "../data/make_folder.ts";

// `downloadFileToCacheDir` of @huggingface/hub starts from the first byte each time, takes what comes for what was asked, and leaves redirects to
// fetch; so the bytes are fetched here.

export interface Transfer {
  readonly url: string;
  readonly repository: string;
  readonly revision: string;
  readonly file: Listed;
  /** Where the whole file is to lie. */
  readonly blob: string;
}

interface Tools {
  readonly request: Request;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Bytes of this file that are there, those of an earlier try included. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Download one file to its blob: go on from the part that an earlier try left, verify size and hash, then give it its name. Stopped by the signal,
 * a part stays and is usable.
 * @throws CheckpointError of `request.ts`, `download-damaged`, `disk-full`; AbortError
 */
export async function transfer(each: Transfer, tools: Tools): Promise<void> {
  const there = await stat(each.blob).catch(() => null);
  if (there !== null && there.size === each.file.size) return tools.onBytes(each.file.size);
  makeFolder(dirname(each.blob));
  const part = `${each.blob}.saeq.incomplete`;
  const release = await claim(`${part}.lock`, tools.signal);
  try {
    if ((await stat(each.blob).catch(() => null))?.size === each.file.size) return tools.onBytes(each.file.size);
    for (let attempt = 1; ; attempt++) {
      const found = await fillPart(part, each, tools);
      if (found === each.file.hash) break;
      await rm(part, { force: true });
      if (attempt === 2) {
        throw new CheckpointError("download-damaged", `\`${each.file.path}\` of \`${each.repository}\` arrives with other content than the hub promises`, {
          notes: [`${each.file.algorithm} promised ${each.file.hash}`, `${each.file.algorithm} received ${found}`],
          help: "try another network or HF_ENDPOINT; nothing of it was kept",
        });
      }
    }
    await rename(part, each.blob);
  } finally {
    await release();
  }
}

/** Fetch until the part is whole; its hash. */
async function fillPart(part: string, each: Transfer, tools: Tools): Promise<string> {
  const { size } = each.file;
  const file = await open(part, "a+").catch((error: unknown) => Promise.reject(unwritable(part, error)));
  try {
    let have = (await file.stat()).size;
    if (have > size) await file.truncate((have = 0));
    requireRoom(part, size - have);
    let hash = await hashOf(part, have, each.file);
    tools.onBytes(have);
    for (let idle = 0; have < size; ) {
      tools.signal.throwIfAborted();
      const before = have;
      const response = await tools.request(each.url, have === 0 ? {} : { headers: { Range: `bytes=${have}-` } }, { repository: each.repository, revision: each.revision, file: each.file.path }, tools.signal);
      if (startOf(response, size) !== have) {
        // A server that does not know ranges sends all of it again; one that calls the range wrong has another file.
        await file.truncate((have = 0));
        hash = await hashOf(part, 0, each.file);
        if (response.status !== 200) {
          await response.body?.cancel();
          if (++idle >= tools.patience.tries) throw cut(each, have, "it answers for another part of the file than was asked");
          continue;
        }
      }
      const broken = await append(response, file, size - have, tools, (bytes) => {
        hash.update(bytes);
        tools.onBytes((have += bytes.length));
      }, part);
      idle = have > before ? 0 : idle + 1;
      if (have < size && idle >= tools.patience.tries) throw cut(each, have, broken ?? "the connection ends early");
      if (have < size) await sleep(Math.min(tools.patience.pause * 2 ** idle, 8000), tools.signal);
    }
    await file.sync();
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

/** The offset that a body starts at: 0 for the whole file, the start of `Content-Range` for a part of one of this size, −1 for neither. */
function startOf(response: Response, size: number): number {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
  return response.status === 206 && range !== null && (range[2] === "*" || Number(range[2]) === size) ? Number(range[1]) : -1;
}

/** Write a body of at most `room` bytes to the end of a file. Why it broke off, or null. */
async function append(response: Response, file: FileHandle, room: number, tools: Tools, wrote: (bytes: Uint8Array) => void, part: string): Promise<string | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "an answer without content";
  try {
    for (let left = room; ; ) {
      const next = await heard(reader.read(), tools.patience, tools.signal);
      if (next.done) return null;
      // More than the promised size is cut off; the hash then tells.
      const bytes = next.value.subarray(0, left);
      await writeAll({ write: (all, offset, length) => file.write(all, offset, length) }, bytes).catch((error: unknown) => Promise.reject(unwritable(part, error)));
      wrote(bytes);
      left -= bytes.length;
      if (left === 0) return null;
    }
  } catch (error) {
    tools.signal.throwIfAborted();
    if (error instanceof CheckpointError) throw error;
    return error instanceof Error ? reasonOf(error) : String(error);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** sha256 of the content for what Git LFS holds; for the rest git's own name of it: sha1 over `blob <size>\0` and the content. */
async function hashOf(part: string, have: number, file: Listed): Promise<Hash> {
  const hash = createHash(file.algorithm);
  if (file.algorithm === "sha1") hash.update(`blob ${file.size}\0`);
  if (have > 0) for await (const bytes of createReadStream(part, { end: have - 1, highWaterMark: 1 << 20 })) hash.update(bytes as Uint8Array);
  return hash;
}

function cut(each: Transfer, have: number, why: string): CheckpointError {
  return new CheckpointError("hub-unavailable", `the download of \`${each.file.path}\` of \`${each.repository}\` breaks off again and again`, { notes: [why, `${have} of ${each.file.size} bytes are kept`], help: "run this again to go on from there" });
}

function requireRoom(part: string, needed: number): void {
  const free = freeBytes(dirname(part));
  if (free !== null && needed > free) throw full(part, `${needed} bytes are needed and ${free} are free`);
}

function full(part: string, why: string): CheckpointError {
  return new CheckpointError("disk-full", `a download does not fit on the disk of ${dirname(part)}`, { notes: [why], help: "free some space, or set HF_HUB_CACHE to a larger disk" });
}

function unwritable(part: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  if (code === null) return error;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") return full(part, code);
  return new CheckpointError("not-writable", `the hub cache ${dirname(part)} may not be written by this user (${code})`, { help: "set HF_HUB_CACHE to a folder of your own" });
}
