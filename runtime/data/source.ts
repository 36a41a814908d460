/** Without this file every reader would have to tell by itself missing, foreign, broken and changing files from text. */
import { createHash, type Hash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { constants, type BigIntStats } from "node:fs";
import { DataError, systemCode } from "./error.ts";
import { foreignOf } from "./foreign.ts";
import { gunzipped, isGzip } from "./gunzip.ts";
import { nearNames } from "./near.ts";
import { shellWord } from "./shell_word.ts";
import { admitted } from "./admission.ts";

const CHUNK = 1 << 20;
const NOTHING = Buffer.alloc(0);

/** How a long reading is stopped and watched. */
export interface ReadCall {
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how much of the file was read. */
  readonly onBytes?: ((bytes: number, total: number) => void) | undefined;
}

export interface SourceOptions extends ReadCall {
  /** Absent: UTF-8. */
  readonly encoding?: "latin1" | "cp1252" | "utf16" | undefined;
  /** The stage that reads it can be told the encoding. */
  readonly takesEncoding?: true;
  /** Called once, after the last chunk, with the sha256 of the file's bytes in hex. */
  readonly onDigest: (digest: string) => void;
  /** Where the consumer of the chunks is, for messages: ` in row 3 (line 4)`. */
  readonly place: () => { readonly row: number; readonly text: string };
}

/**
 * A text file in chunks of UTF-8 that end between characters, unpacked where gzip packed it; a byte order mark is left out.
 * Throws DataError: missing-file, not-a-file, not-readable, empty-file, not-text, utf-16, not-utf8, changed-while-read.
 */
export async function* readSource(path: string, options: SourceOptions): AsyncGenerator<Buffer> {
  const file = await openFile(path);
  try {
    const before = await file.stat({ bigint: true });
    if (before.isDirectory()) throw new DataError({ code: "not-a-file", message: `${path} is a folder, not a file`, help: JSON.stringify(`${path}/…`) });
    const hash = createHash("sha256");
    let offset = 0;
    let rest: Buffer = Buffer.alloc(0);
    let decode: Decoder | null = null;
    for await (const raw of unpackedPieces(path, piecesOf(path, file, hash, Number(before.size), options))) {
      // A little of a packed file may be much.
      options.signal?.throwIfAborted();
      decode ??= decoderOf(path, options, raw);
      const read = decode(raw);
      let chunk = rest.length === 0 ? read : Buffer.concat([rest, read]);
      if (offset === 0) {
        refuseForeign(path, chunk, options);
        if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) {
          chunk = chunk.subarray(3);
          offset = 3;
        }
      }
      const whole = chunk.length - unfinished(chunk);
      yield* checked(path, chunk.subarray(0, whole), offset, options);
      offset += whole;
      rest = chunk.subarray(whole);
    }
    decode?.(null);
    if (rest.length > 0) throw notUtf8(path, offset, options);
    if (offset === 0) throw new DataError({ code: "empty-file", message: `${path} is empty`, notes: ["CSV has at least a header line, JSON lines at least one object"] });
    await refuseChanged(path, file, before);
    options.onDigest(hash.digest("hex"));
  } finally {
    await file.close();
  }
}

/** The bytes of a file as they lie there, hashed and told. */
async function* piecesOf(path: string, file: FileHandle, hash: Hash, total: number, { signal, onBytes }: ReadCall): AsyncGenerator<Buffer> {
  let taken = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null).catch((error: unknown) => {
      const code = systemCode(error);
      throw code === null ? error : new DataError({ code: "not-readable", message: `${path} cannot be read (${code})`, help: "check its disk, or copy what can be read of it" });
    });
    if (bytesRead === 0) return;
    const raw = buffer.subarray(0, bytesRead);
    hash.update(raw);
    taken += bytesRead;
    onBytes?.(taken, total);
    yield raw;
  }
}

/** What they unpack to, where gzip packed them. */
async function* unpackedPieces(path: string, pieces: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const first = await pieces.next();
  if (first.done === true) return;
  const all = (async function* () {
    yield first.value;
    yield* pieces;
  })();
  yield* isGzip(first.value) ? gunzipped(path, all) : all;
}

/** Throws DataError: missing-file with near names, not-readable, permission-denied, not-a-file. */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await admitted(await opened(path), path);
  const facts = await file.stat();
  if (facts.isFile() || facts.isDirectory()) return file;
  await file.close();
  throw new DataError({ code: "not-a-file", message: `${path} is a pipe or a device, and files are read more than once`, help: `cat ${shellWord(path)} > data.csv` });
}

async function opened(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe would else wait for who writes into it.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw await missing(path);
    if (code === "EACCES" || code === "EPERM") throw new DataError({ code: "not-readable", message: `${path} may not be read by this user (${code})`, help: "ask its owner, or copy a file that you may read" });
    if (code !== null) throw new DataError({ code: "not-readable", message: `${path} cannot be opened (${code})`, help: "check the path and its disk" });
    throw error;
  }
}

async function missing(path: string): Promise<DataError> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => null);
  if (names === null) return new DataError({ code: "missing-file", message: `there is no file ${path}`, notes: [`the folder ${folder} does not exist either`] });
  const near = nearNames(basename(path), names);
  return new DataError({
    code: "missing-file",
    message: `there is no file ${path}`,
    near: near.map((name) => (folder === "." ? name : join(folder, name))),
  });
}

/** What Windows has from 0x80 to 0x9f, where Latin-1 has control characters; its five empty places stay what they are there. */
const CP1252 = [..."€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"];

/** Turns pieces of a file into UTF-8; null is its end. */
type Decoder = (bytes: Buffer | null) => Buffer;

/** `head` is the first piece. */
function decoderOf(path: string, { encoding, place }: SourceOptions, head: Buffer): Decoder {
  switch (encoding) {
    case undefined:
      return (bytes) => bytes ?? NOTHING;
    case "latin1":
      return (bytes) => Buffer.from(bytes?.toString("latin1") ?? "", "utf8");
    case "cp1252":
      return (bytes) => Buffer.from((bytes?.toString("latin1") ?? "").replace(/[\x80-\x9f]/g, (byte) => CP1252[byte.charCodeAt(0) - 0x80]!), "utf8");
    case "utf16": {
      const decoder = new TextDecoder(head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-16le", { fatal: true });
      return (bytes) => {
        try {
          return Buffer.from(decoder.decode(bytes ?? NOTHING, { stream: bytes !== null }), "utf8");
        } catch {
          throw new DataError({ code: "utf-16", message: `${path} is not valid UTF-16${place().text}`, notes: ["it goes behind the file name"], help: "encoding utf8" });
        }
      };
    }
    default:
      return encoding satisfies never;
  }
}

/** Recognises by their first bytes what people hand over in place of text. */
function refuseForeign(path: string, head: Buffer, options: SourceOptions): void {
  const foreign = head.toString("latin1", 0, 4) === "PAR1" ? { is: "is a Parquet file", help: `parquet ${JSON.stringify(path)}` } : foreignOf(path, head);
  if (foreign !== null) throw new DataError({ code: "not-text", message: `${path} ${foreign.is}`, help: foreign.help });
  if (isUtf16(head)) throw new DataError({ code: "utf-16", message: `${path} is UTF-16, not UTF-8`, ...inEncoding(path, "utf16", options) });
}

function isUtf16(head: Buffer): boolean {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return true;
  const pairs = Math.min(head.length, 64) >> 1;
  if (pairs < 2) return false;
  const zeros = [0, 0];
  for (let i = 0; i < pairs * 2; i++) if (head[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  return zeros.some((count, side) => count > pairs / 2 && zeros[1 - side] === 0);
}

/** How many bytes at the end begin a character that the chunk does not finish: 0 to 3. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

function* checked(path: string, bytes: Buffer, offset: number, options: SourceOptions): Generator<Buffer> {
  if (isUtf8(bytes)) {
    if (bytes.length > 0) yield bytes;
    return;
  }
  // The longest valid prefix, found by halving, goes to the consumer first so that it can say which row it is in.
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const prefix = bytes.subarray(0, middle);
    if (isUtf8(prefix.subarray(0, middle - unfinished(prefix)))) good = middle;
    else bad = middle;
  }
  const prefix = bytes.subarray(0, good);
  const whole = good - unfinished(prefix);
  if (whole > 0) yield bytes.subarray(0, whole);
  throw notUtf8(path, offset + whole, options, bytes[whole]);
}

function notUtf8(path: string, offset: number, options: SourceOptions, byte?: number): DataError {
  const { row, text } = options.place();
  const found = byte === undefined ? "the file ends inside a character" : `found 0x${byte.toString(16).padStart(2, "0")}`;
  // Where Latin-1 has control characters, Windows has quotes and dashes.
  const [kind, word] = byte !== undefined && byte >= 0x80 && byte < 0xa0 ? (["of Windows", "cp1252"] as const) : (["of Latin-1", "latin1"] as const);
  return new DataError({
    code: "not-utf8",
    message: `${path} is not valid UTF-8 at byte ${offset}${text}: ${found}`,
    ...inEncoding(path, word, options, [`the byte is one ${kind}`]),
    row,
  });
}

/** How a file of another encoding is read: told to the stage where that can be told, else converted. */
function inEncoding(path: string, word: "utf16" | "latin1" | "cp1252", { takesEncoding }: SourceOptions, notes: readonly string[] = []): { readonly notes: readonly string[]; readonly help: string } {
  const converted = `iconv -f ${word === "utf16" ? "UTF-16" : word.toUpperCase()} -t UTF-8 ${shellWord(path)} > utf8${extname(path)}`;
  return takesEncoding === true ? { notes: [...notes, `it goes behind the file name; or the file is converted: ${converted}`], help: `encoding ${word}` } : { notes, help: converted };
}

/** Throws `changed-while-read` where the file is not what it was at `before`. */
export async function refuseChanged(path: string, file: FileHandle, before: BigIntStats): Promise<void> {
  if (!before.isFile()) return;
  const after = await file.stat({ bigint: true });
  const there = await stat(path, { bigint: true }).catch(() => null);
  if (after.size === before.size && after.mtimeNs === before.mtimeNs && there?.ino === before.ino && there.size === before.size) return;
  throw new DataError({
    code: "changed-while-read",
    message: `${path} changed while it was read`,
    notes: [`it had ${before.size} bytes at first and has ${there?.size ?? "no"} bytes now`],
    help: "run it again when nothing writes to it",
  });
}
