/** Without this file the REPL would forget what was typed: the history file and the searches in it. */
import { appendFileSync, chmodSync, closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cleanInput } from "./graphemes.ts";
import { makeFolder } from "../runtime/data/make_folder.ts";

/** One statement as it was typed. */
export interface Entry {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly cwd: string;
  readonly ok: boolean;
  readonly ms: number;
}

const LIMIT = 20_000;
/** Only the end of a huge file is read. */
const READ_BYTES = 8 << 20;

/** Where history lives; null when there is no folder for it. */
export function historyPath(env: Readonly<Record<string, string | undefined>>): string | null {
  const state = env["XDG_STATE_HOME"];
  if (state !== undefined && state !== "") return join(state, "saeq", "history.jsonl");
  try {
    const home = env["HOME"] ?? homedir();
    return home === "" ? null : join(home, ".local", "state", "saeq", "history.jsonl");
  } catch {
    return null;
  }
}

/** The entries of a history file, oldest first. Lines that are not entries are passed over; no file is an empty history. */
export function loadHistory(path: string | null): Entry[] {
  if (path === null) return [];
  closeToOthers(path);
  const entries = parseHistory(readEnd(path));
  if (entries.length <= LIMIT * 1.2) return entries.slice(-LIMIT);
  // Read again under the lock: what another session has added since is kept.
  withLock(path, () => rewrite(path, parseHistory(readEnd(path)).slice(-LIMIT)));
  return entries.slice(-LIMIT);
}

/** Add one entry; false when it could not be written. A text that starts with a blank is private and is not written. */
export function appendHistory(path: string | null, entry: Entry): boolean {
  if (path === null || /^\s/.test(entry.text) || entry.text === "") return true;
  try {
    makeFolder(dirname(path), 0o700);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return false;
    // One write with O_APPEND cannot be torn; the lock is for a session that shortens the file meanwhile.
    withLock(path, () => appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 }));
    return true;
  } catch {
    return false;
  }
}

/** Entries of a text in JSON lines. */
function parseHistory(text: string): Entry[] {
  const out: Entry[] = [];
  for (const row of text.split("\n")) {
    const entry = parseEntry(row);
    if (entry !== null) out.push(entry);
  }
  return out;
}

/** The texts of a history for walking: each only where it was last used, newest first. */
export function distinct(entries: readonly Entry[]): string[] {
  const seen = new Set<string>();
  for (let i = entries.length - 1; i >= 0; i--) {
    const text = entries[i]?.text ?? "";
    if (text !== "") seen.add(text);
  }
  return [...seen];
}

/** The next text from `index` on (newest first) that starts with `prefix`, going back (+1) or forth (-1); null at the end. */
export function walk(texts: readonly string[], prefix: string, index: number, step: 1 | -1): number | null {
  for (let i = index + step; i >= 0 && i < texts.length; i += step) {
    const text = texts[i] ?? "";
    if (text.startsWith(prefix) && text !== prefix) return i;
  }
  return null;
}

/** Texts that hold all letters of `query` in order, the best match first: whole substrings, then short spans, then newer ones. */
export function fuzzy(texts: readonly string[], query: string, limit = 50): string[] {
  if (query === "") return texts.slice(0, limit);
  const scored: { text: string; score: number }[] = [];
  for (const [age, text] of texts.entries()) {
    const length = span(text.toLowerCase(), query.toLowerCase());
    if (length !== null) scored.push({ text, score: length * 1000 + age });
  }
  return scored.sort((a, b) => a.score - b.score).slice(0, limit).map((one) => one.text);
}

/** What history would add to `text` typed so far; empty when it knows nothing. */
export function suggest(texts: readonly string[], text: string): string {
  if (text.trim() === "") return "";
  return texts.find((one) => one.length > text.length && one.startsWith(text))?.slice(text.length) ?? "";
}

/** Length beyond the query of the shortest stretch found greedily from each start that holds its letters in order. */
function span(text: string, query: string): number | null {
  let best: number | null = null;
  for (let start = text.indexOf(query[0] ?? ""); start >= 0; start = text.indexOf(query[0] ?? "", start + 1)) {
    let at = start;
    for (const letter of query) {
      at = text.indexOf(letter, at) + 1;
      if (at === 0) return best;
    }
    const length = at - start - query.length;
    if (best === null || length < best) best = length;
  }
  return best;
}

function parseEntry(row: string): Entry | null {
  try {
    const value: unknown = JSON.parse(row);
    if (typeof value !== "object" || value === null || !("text" in value) || typeof value.text !== "string") return null;
    const number = (got: unknown): number => (typeof got === "number" ? got : 0);
    return { text: cleanInput(value.text), time: number("time" in value ? value.time : 0), cwd: "cwd" in value && typeof value.cwd === "string" ? value.cwd : "", ok: "ok" in value && value.ok === true, ms: number("ms" in value ? value.ms : 0) };
  } catch {
    return null;
  }
}

function readEnd(path: string): string {
  let file: number | null = null;
  try {
    // A pipe in its place is not waited for.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const facts = fstatSync(file);
    if (!facts.isFile()) return "";
    const { size } = facts;
    const from = Math.max(0, size - READ_BYTES);
    const bytes = Buffer.alloc(size - from);
    const read = readSync(file, bytes, 0, bytes.length, from);
    const text = bytes.toString("utf8", 0, read);
    return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } catch {
    return "";
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Queries name people's files: a history that others could read, from whatever it was copied, is closed to them. */
function closeToOthers(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch {
    // No file yet, or not ours to change.
  }
}

/** A lock older than this was left behind by a session that died. */
const STALE_MS = 5000;
const TRIES = 40;
const WAIT_MS = 5;

/** Do something while no other session does it; after a fifth of a second without the lock do it all the same, for a history must not stop the prompt. */
function withLock(path: string, work: () => void): void {
  const lock = `${path}.lock`;
  let held = false;
  for (let i = 0; i < TRIES && !held; i++) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      held = true;
    } catch (error) {
      // Not somebody else's lock but a folder that takes none: waiting would not help.
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") break;
      if (ageOf(lock) > STALE_MS) rmSync(lock, { force: true, recursive: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
  try {
    work();
  } finally {
    if (held) rmSync(lock, { force: true });
  }
}

function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function rewrite(path: string, entries: readonly Entry[]): void {
  try {
    const draft = `${path}.${process.pid}.tmp`;
    writeFileSync(draft, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch {
    // A history that cannot be shortened is still a history.
  }
}
