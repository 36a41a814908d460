/** Without this file a Parquet file read whole and one that is streamed would be opened, checked and refused in two ways. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { parquetMetadataAsync, parquetSchema, type AsyncBuffer, type FileMetaData, type SchemaTree } from "hyparquet";
import { printColumn } from "../../grammar/print_parts.ts";
import { MOST_COLUMNS, type ScalarType } from "../../src/ops/schema.ts";
import { refuseUnknown } from "./column_types.ts";
import { DataError } from "./error.ts";
import { foreignOf, readAs } from "./foreign.ts";
import { pagesOf, refuseOverfull } from "./parquet_pages.ts";
import { typeOf } from "./parquet_types.ts";
import { openFile, refuseChanged, type ReadCall } from "./source.ts";

const CHUNK = 1 << 20;
/** A number, or what points to a text. */
const CELL_BYTES = 8;

interface CellCall {
  readonly signal: AbortSignal | undefined;
  readonly onCells: (count: number) => void;
}

export interface ParquetOptions extends ReadCall {
  /** Columns to read, in this order; all where not given. */
  readonly columns?: readonly string[];
}

/** A Parquet file whose footer has been found sound. */
export interface ParquetFile {
  readonly rows: number;
  /** sha256 of the file's bytes, in hex. */
  readonly digest: string;
  readonly fields: readonly { readonly name: string; readonly type: ScalarType }[];
  /** What the columns take unpacked, as the footer says. */
  readonly unpacked: bigint;
  /** The cells of a column, from first to last row, a page at a time. */
  cells(name: string): AsyncGenerator<ArrayLike<unknown>>;
  /** @throws DataError `changed-while-read` */
  unchanged(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Read a file's bytes for their digest, and its footer. The columns that are wanted are flat and of types that saeq has.
 * Throws DataError: not-parquet, nested-column, unreadable-column, unknown-column, duplicate-column, missing-file.
 */
export async function openParquet(path: string, options: ParquetOptions = {}): Promise<ParquetFile> {
  const file = await openFile(path);
  try {
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) throw new DataError({ code: "not-a-file", message: `${path} is not an ordinary file`, help: "name a file" });
    const size = Number(before.size);
    // Half of the work is reading the bytes, the other half unpacking each column.
    const hashed: ReadCall = { ...options, onBytes: (done) => options.onBytes?.(Math.floor(done / 2), size) };
    const digest = await digestOf(path, file, size, hashed);
    const bytes = bufferOf(file, size);
    const { metadata, fields } = await parsed(path, async () => {
      const found = await parquetMetadataAsync(bytes, { geoparquet: false });
      const wanted = chosen(path, found, options.columns);
      refuseOverfull(found, new Set(wanted.map(({ element }) => element.name)));
      return { metadata: found, fields: wanted.map(({ element }) => ({ name: element.name, type: typeOf(element)! })) };
    });
    let cells = 0;
    const counted: CellCall = { signal: options.signal, onCells: (count) => options.onBytes?.(Math.floor((size * (1 + (cells += count) / Math.max(1, fields.length * Number(metadata.num_rows)))) / 2), size) };
    return {
      rows: Number(metadata.num_rows),
      digest,
      fields,
      unpacked: unpackedOf(metadata, new Set(fields.map(({ name }) => name))),
      cells: (name) => cellsOf(path, bytes, metadata, name, counted),
      unchanged: () => refuseChanged(path, file, before),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function digestOf(path: string, file: FileHandle, size: number, { signal, onBytes }: ReadCall): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) break;
    if (at === 0) refuseForeign(path, buffer.subarray(0, bytesRead));
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
    onBytes?.(at, size);
  }
  if (size < 12) throw new DataError({ code: "not-parquet", message: `${path} is ${size === 0 ? "empty" : "too short to be a Parquet file"}` });
  return hash.digest("hex");
}

function refuseForeign(path: string, head: Buffer): void {
  const magic = head.toString("latin1", 0, 4);
  if (magic === "PAR1") return;
  if (magic === "PARE") throw new DataError({ code: "not-parquet", message: `${path} is an encrypted Parquet file`, help: "write it again without encryption" });
  const foreign = foreignOf(path, head);
  if (foreign !== null) throw new DataError({ code: "not-parquet", message: `${path} ${foreign.is}`, help: foreign.help });
  throw new DataError({ code: "not-parquet", message: `${path} is not a Parquet file: it does not begin with PAR1`, notes: ["`csv` and `jsonl` read text"], help: readAs(path, head.toString("latin1", 0, 64)) });
}

function bufferOf(file: FileHandle, size: number): AsyncBuffer {
  const slice = async (start: number, end: number): Promise<ArrayBuffer> => {
    if (start < 0 || end > size || start > end) throw new RangeError(`bytes ${start} to ${end} of ${size} are asked for`);
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new RangeError("the file ends early");
      at += bytesRead;
    }
    return bytes.buffer;
  };
  return {
    byteLength: size,
    slice: (start, end = size) => {
      const reading = slice(start, end);
      // hyparquet asks for several ranges and waits for one: the failure of another must not end the process.
      reading.catch(() => {});
      return reading;
    },
  };
}

/** What hyparquet throws means that the file is broken, or made in a way that it does not know. */
async function parsed<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): DataError {
  return new DataError({ code: "not-parquet", message: `${path} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`, help: "write it again, for example with pandas: frame.to_parquet(path)" });
}

/** The columns that are wanted; each must be flat and of a type that saeq has. */
function chosen(path: string, metadata: FileMetaData, wanted: readonly string[] | undefined): readonly SchemaTree[] {
  const all = parquetSchema(metadata).children;
  const names = all.map(({ element }) => element.name);
  if (names.length > MOST_COLUMNS) throw new DataError({ code: "too-many-columns", message: `${path} has more than ${MOST_COLUMNS} columns`, help: "write it again with fewer columns" });
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new DataError({ code: "duplicate-column", message: `${path} has two columns named ${JSON.stringify(twice)}`, column: twice });
  for (const name of wanted ?? []) refuseUnknown(path, name, names, (near) => `columns ${wanted!.map((each) => printColumn(each === name ? near : each)).join(", ")}`);
  const readable = all.filter(({ element, children }) => children.length === 0 && element.repetition_type !== "REPEATED" && typeOf(element) !== null).map(({ element }) => element.name);
  const rest = `columns ${readable.map(printColumn).join(", ")}`;
  const fields = wanted === undefined ? all : wanted.map((name) => all.find(({ element }) => element.name === name)!);
  for (const { element, children } of fields) {
    if (children.length > 0 || element.repetition_type === "REPEATED") {
      throw new DataError({ code: "nested-column", message: `${path}: column ${element.name} holds lists or records, and a cell holds one value`, column: element.name, notes: [...(readable.length > 0 ? ["columns that are read go behind the file name"] : []), 'JSON lines are read with lists and records: in pandas df.to_json("rows.jsonl", orient="records", lines=True)'], ...(readable.length > 0 ? { help: rest } : {}) });
    }
    if (typeOf(element) === null) {
      const type = element.logical_type?.type ?? element.converted_type ?? element.type ?? "unknown";
      throw new DataError({ code: "unreadable-column", message: `${path}: column ${element.name} is of type ${type}, which saeq does not read`, column: element.name, ...(readable.length > 0 ? { notes: ["columns that are read go behind the file name"], help: rest } : {}) });
    }
  }
  return fields;
}

/** What the wanted columns of a file take in memory at least, by its footer alone: runs of equal values take next to nothing on disk. 0 where it cannot be read. */
export async function weighParquet(path: string, columns?: readonly string[]): Promise<number> {
  const file = await openFile(path);
  try {
    const metadata = await parquetMetadataAsync(bufferOf(file, (await file.stat()).size), { geoparquet: false });
    const names = new Set(columns ?? parquetSchema(metadata).children.map(({ element }) => element.name));
    return Math.max(Number(unpackedOf(metadata, names)), Number(metadata.num_rows) * names.size * CELL_BYTES);
  } catch {
    // What is wrong with it is told by who reads it.
    return 0;
  } finally {
    await file.close();
  }
}

function unpackedOf(metadata: FileMetaData, wanted: ReadonlySet<string>): bigint {
  let bytes = 0n;
  for (const group of metadata.row_groups) for (const { meta_data } of group.columns) if (meta_data !== undefined && wanted.has(meta_data.path_in_schema[0]!)) bytes += meta_data.total_uncompressed_size;
  return bytes;
}

/** Bytes without a type may be texts, and are not always. */
function noText(path: string, name: string, schema: SchemaTree): DataError {
  const others = schema.children.map(({ element }) => element.name).filter((each) => each !== name);
  return new DataError({ code: "not-utf8", message: `${path}: column ${name} holds bytes that are no text in UTF-8`, column: name, ...(others.length > 0 ? { help: `columns ${others.map(printColumn).join(", ")}` } : {}) });
}

async function* cellsOf(path: string, file: AsyncBuffer, metadata: FileMetaData, name: string, { signal, onCells }: CellCall): AsyncGenerator<ArrayLike<unknown>> {
  const schema = parquetSchema(metadata);
  const rows = Number(metadata.num_rows);
  let count = 0;
  for (const group of metadata.row_groups) {
    if (group.num_rows === 0n) continue;
    const pages = pagesOf(file, schema, group, name);
    for (;;) {
      signal?.throwIfAborted();
      const { value, done } = await parsed(path, () => pages.next()).catch((error: unknown) => {
        throw error instanceof DataError && error.code === "not-utf8" ? noText(path, name, schema) : error;
      });
      if (done === true) break;
      count += value.length;
      onCells(value.length);
      yield value;
    }
  }
  if (count !== rows) throw new DataError({ code: "not-parquet", message: `${path}: column ${name} holds ${count} values, but the file says it has ${rows} rows`, column: name });
}
