/** Without this file results that other tools keep as Parquet would have to become CSV first. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { parquetMetadataAsync, parquetRead, parquetSchema, type AsyncBuffer, type Compressors, type FileMetaData, type SchemaTree } from "hyparquet";
import { MAX_COLUMNS } from "./csv_guard.ts";
import type { ReadResult } from "./csv.ts";
import { refuseUnknown } from "./column_types.ts";
import { DataError } from "./error.ts";
import type { Column } from "./frame.ts";
import { refuseOverfullPages } from "./parquet_pages.ts";
import { columnFrom, PARSERS, typeOf } from "./parquet_types.ts";
import { openFile, refuseChanged } from "./source.ts";
import { createTable } from "./table.ts";

const MOST_BYTES = 4 * 2 ** 30;
const CHUNK = 1 << 20;

export interface ParquetOptions {
  /** Columns to read, in this order; all where not given. */
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Beside snappy, which hyparquet brings; a page that unpacks to more than it says is refused. */
const compressors: Compressors = {
  GZIP: (input, outputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  BROTLI: (input, outputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  ZSTD: (input, outputLength) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
};

/**
 * A Parquet file as a table. Whole numbers become int (text, where one is beyond 2^53), floats and decimals float, dates and times text.
 * Throws DataError: not-parquet, nested-column, unreadable-column, unknown-column, duplicate-column, too-large, changed-while-read, missing-file.
 */
export async function readParquet(path: string, options: ParquetOptions = {}): Promise<ReadResult> {
  const file = await openFile(path);
  try {
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) throw new DataError({ code: "not-a-file", message: `${path} is not an ordinary file`, help: "name a file" });
    const size = Number(before.size);
    const digest = await digestOf(path, file, size, options.signal);
    const bytes = bufferOf(file, size);
    const { metadata, fields, rows } = await parsed(path, async () => {
      const found = await parquetMetadataAsync(bytes, { geoparquet: false });
      const wanted = chosen(path, found, options.columns);
      const names = new Set(wanted.map(({ element }) => element.name));
      refuseHuge(path, found, names);
      await refuseOverfullPages(bytes, found, names);
      return { metadata: found, fields: wanted, rows: Number(found.num_rows) };
    });
    const notes: string[] = [];
    const columns: Column[] = [];
    for (const { element } of fields) {
      options.signal?.throwIfAborted();
      const cells = await cellsOf(path, bytes, metadata, element.name, rows);
      const { column, note } = await parsed(path, async () => columnFrom(element.name, typeOf(element)!, cells));
      if (note !== null) notes.push(note);
      columns.push(column);
    }
    await refuseChanged(path, file, before);
    return { table: createTable(basename(path), columns, rows), digest, notes };
  } finally {
    await file.close();
  }
}

async function digestOf(path: string, file: FileHandle, size: number, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) break;
    if (at === 0) refuseForeign(path, buffer.subarray(0, bytesRead));
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  if (size < 12) throw new DataError({ code: "not-parquet", message: `${path} is ${size === 0 ? "empty" : "too short to be a Parquet file"}` });
  return hash.digest("hex");
}

function refuseForeign(path: string, head: Buffer): void {
  const magic = head.toString("latin1", 0, 4);
  if (magic === "PAR1") return;
  if (magic === "PARE") throw new DataError({ code: "not-parquet", message: `${path} is an encrypted Parquet file`, help: "write it again without encryption" });
  const pointer = head.toString("latin1", 0, 64).startsWith("version https://git-lfs.github.com/spec/");
  throw new DataError({ code: "not-parquet", message: `${path} is ${pointer ? "a Git LFS pointer, not the data" : "not a Parquet file: it does not begin with PAR1"}`, help: pointer ? "run: git lfs pull" : 'csv "…" or jsonl "…" read text' });
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
    throw new DataError({ code: "not-parquet", message: `${path} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`, help: "write it again, for example with pandas: frame.to_parquet(path)" });
  }
}

/** The columns that are wanted; each must be flat and of a type that saeq has. */
function chosen(path: string, metadata: FileMetaData, wanted: readonly string[] | undefined): readonly SchemaTree[] {
  const all = parquetSchema(metadata).children;
  const names = all.map(({ element }) => element.name);
  if (names.length > MAX_COLUMNS) throw new DataError({ code: "too-many-columns", message: `${path} has more than ${MAX_COLUMNS} columns`, help: "write it again with fewer columns" });
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new DataError({ code: "duplicate-column", message: `${path} has two columns named ${JSON.stringify(twice)}`, column: twice });
  for (const name of wanted ?? []) refuseUnknown(path, name, names);
  const readable = all.filter(({ element, children }) => children.length === 0 && element.repetition_type !== "REPEATED" && typeOf(element) !== null).map(({ element }) => element.name);
  const rest = `parquet "…" columns ${readable.join(", ")}`;
  const fields = wanted === undefined ? all : wanted.map((name) => all.find(({ element }) => element.name === name)!);
  for (const { element, children } of fields) {
    if (children.length > 0 || element.repetition_type === "REPEATED") {
      throw new DataError({ code: "nested-column", message: `${path}: column ${element.name} holds lists or records, and a cell holds one value`, column: element.name, ...(readable.length > 0 ? { help: rest } : {}) });
    }
    if (typeOf(element) === null) {
      const type = element.logical_type?.type ?? element.converted_type ?? element.type ?? "unknown";
      throw new DataError({ code: "unreadable-column", message: `${path}: column ${element.name} is of type ${type}, which saeq does not read`, column: element.name, ...(readable.length > 0 ? { help: rest } : {}) });
    }
  }
  return fields;
}

function refuseHuge(path: string, metadata: FileMetaData, wanted: ReadonlySet<string>): void {
  let bytes = 0n;
  for (const group of metadata.row_groups) for (const { meta_data } of group.columns) if (meta_data !== undefined && wanted.has(meta_data.path_in_schema[0]!)) bytes += meta_data.total_uncompressed_size;
  if (bytes > BigInt(MOST_BYTES)) {
    throw new DataError({ code: "too-large", message: `${path} unpacks to ${(Number(bytes) / 1e9).toFixed(1)} GB, more than the ${(MOST_BYTES / 1e9).toFixed(1)} GB that are read at once`, help: 'name the columns that are needed: parquet "…" columns a, b' });
  }
}

async function cellsOf(path: string, file: AsyncBuffer, metadata: FileMetaData, name: string, rows: number): Promise<unknown[]> {
  const cells = new Array<unknown>(rows);
  let count = 0;
  await parsed(path, () =>
    parquetRead({
      file,
      metadata,
      columns: [name],
      compressors,
      parsers: PARSERS,
      // Row groups come in the order in which they were read, not in that of the file.
      onChunk: ({ columnData, rowStart }) => {
        for (let i = 0; i < columnData.length && rowStart + i < rows; i++) cells[rowStart + i] = columnData[i];
        count += columnData.length;
      },
    }),
  );
  if (count !== rows) throw new DataError({ code: "not-parquet", message: `${path}: column ${name} holds ${count} values, but the file says it has ${rows} rows`, column: name });
  return cells;
}
