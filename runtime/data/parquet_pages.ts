/**
 * Without this file a column of a whole group of rows would be unpacked at once, and a few damaged bytes in a page's header could ask for gigabytes.
 *
 * A page is the least of a Parquet file that can be unpacked. hyparquet reads a column of a group whole; here its pages are taken one by one,
 * and each header is held against what the footer says before anything is made of the length that it names. For flat columns only.
 */
import type { AsyncBuffer, CompressionCodec, DecodedArray, FileMetaData, PageHeader, RowGroup, SchemaTree } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { COMPRESSORS } from "./parquet_codecs.ts";
import { refuseOverlongRuns } from "./parquet_runs.ts";
import { heldRaw, PARSERS } from "./parquet_types.ts";

const MOST_ROWS = 50_000_000;
/** Read at once where a page is smaller; headers may hold the least and the largest text of a page. */
const WINDOW = 1 << 16;
const LARGEST_HEADER = 1 << 24;

/** Throws where the footer contradicts itself about how many values there are. */
export function refuseOverfull(metadata: FileMetaData, names: ReadonlySet<string>): void {
  if (!(metadata.num_rows >= 0n) || metadata.num_rows > BigInt(MOST_ROWS)) throw new Error(`it says it has ${metadata.num_rows} rows, and at most ${MOST_ROWS} are read`);
  let rows = 0n;
  for (const group of metadata.row_groups) {
    rows += group.num_rows;
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined || !names.has(chunk.path_in_schema[0]!)) continue;
      if (chunk.num_values !== group.num_rows) throw new Error(`column ${chunk.path_in_schema[0]!} has ${chunk.num_values} values in a group of ${group.num_rows} rows`);
    }
  }
  if (rows !== metadata.num_rows) throw new Error(`its groups have ${rows} rows, and it says it has ${metadata.num_rows}`);
}

/** The values of a column in one group of rows, a page at a time. */
export async function* pagesOf(file: AsyncBuffer, schema: SchemaTree, group: RowGroup, name: string): AsyncGenerator<ArrayLike<unknown>> {
  const chunk = group.columns.find(({ meta_data: column }) => column?.path_in_schema[0] === name);
  const column = chunk?.meta_data;
  if (chunk === undefined || column === undefined) throw new Error(`column ${name} is not in each group of rows`);
  if (chunk.file_path !== undefined) throw new Error(`column ${name} lies in another file`);
  const rows = Number(group.num_rows);
  const path = getTreePath(schema, column.path_in_schema);
  const raw = heldRaw(path.at(-1)!.element);
  const decoder: Parameters<typeof convert>[1] = { ...column, pathInSchema: column.path_in_schema, schemaPath: path, codec: "UNCOMPRESSED", element: raw?.element ?? path.at(-1)!.element, utf8: raw === null, parsers: { ...DEFAULT_PARSERS, ...PARSERS } };
  const start = Number(column.dictionary_page_offset || column.data_page_offset);
  const bytes = createWindow(file, start, start + Number(column.total_compressed_size));
  const unpacked = Number(column.total_uncompressed_size);
  let at = start;
  let values = 0;
  let dictionary: DecodedArray | undefined;
  while (values < rows && at < bytes.end - 1) {
    const { header, size } = await headerAt(bytes, at);
    values += held(header, rows - values, rows, unpacked);
    at += size;
    const packed = await bytes.read(at, header.compressed_page_size);
    at += header.compressed_page_size;
    const page = unpackedPage(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength), header, column.codec);
    refuseOverlongRuns(page, header, decoder.element.repetition_type === "OPTIONAL");
    const { data } = readPage({ view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 }, plain(header, page.length), decoder, dictionary, undefined, 0);
    if (header.type === "DICTIONARY_PAGE") dictionary = data === undefined ? undefined : convert(data, decoder);
    else if (data !== undefined && data.length > 0) yield raw === null ? data : Array.from(data as ArrayLike<number | bigint | Uint8Array | null>, (cell) => (cell === undefined || cell === null ? null : raw.meaning(cell)));
  }
}

/** Levels of the second kind of page are never packed. */
function unpackedPage(bytes: Uint8Array, { uncompressed_page_size: size, data_page_header_v2: second }: PageHeader, codec: CompressionCodec): Uint8Array {
  if (second === undefined) return decompressPage(bytes, size, codec, COMPRESSORS);
  if (second.is_compressed === false) return bytes;
  const levels = second.repetition_levels_byte_length + second.definition_levels_byte_length;
  return Buffer.concat([bytes.subarray(0, levels), decompressPage(bytes.subarray(levels), size - levels, codec, COMPRESSORS)]);
}

/** The header of a page that is unpacked. */
function plain(header: PageHeader, size: number): PageHeader {
  const { data_page_header_v2: second } = header;
  return { ...header, compressed_page_size: size, uncompressed_page_size: size, ...(second === undefined ? {} : { data_page_header_v2: { ...second, is_compressed: false } }) };
}

interface Window {
  readonly end: number;
  read(from: number, length: number): Promise<DataView>;
}

/** Bytes of a column; small pages come several with one read. */
function createWindow(file: AsyncBuffer, start: number, end: number): Window {
  let [from, bytes] = [start, new ArrayBuffer(0)];
  return {
    end,
    read: async (at, length) => {
      if (at + length > end) throw new RangeError(`a page reaches ${at + length - end} bytes beyond its column`);
      if (at < from || at + length > from + bytes.byteLength) [from, bytes] = [at, await file.slice(at, Math.min(end, at + Math.max(length, WINDOW)))];
      return new DataView(bytes, at - from, length);
    },
  };
}

/** A header says nothing of its own length: it is read again with more bytes where they did not do. */
async function headerAt({ read, end }: Window, at: number): Promise<{ readonly header: PageHeader; readonly size: number }> {
  for (let length = 1 << 10; ; length <<= 3) {
    const reader = { view: await read(at, Math.min(length, end - at)), offset: 0 };
    try {
      const header = parquetHeader(reader);
      if (reader.offset <= reader.view.byteLength) return { header, size: reader.offset };
      throw new RangeError("a page's header reaches beyond its column");
    } catch (error) {
      if (length >= end - at || length >= LARGEST_HEADER) throw error;
    }
  }
}

/** The number of values in a page, of which `left` are still to come. Throws where the page's sizes cannot be true. */
function held({ uncompressed_page_size: size, compressed_page_size: packed, ...header }: PageHeader, left: number, rows: number, unpacked: number): number {
  const data = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
  const dictionary = header.dictionary_page_header?.num_values;
  if (!(size >= 0 && size <= unpacked && packed >= 0)) throw new Error(`a page says it unpacks to ${size} bytes, and its column to ${unpacked}`);
  if (data !== undefined && !(data >= 0)) throw new Error("a page has no number of values");
  if (dictionary !== undefined && !(dictionary >= 0 && dictionary <= size)) throw new Error(`a dictionary of ${size} bytes says it holds ${dictionary} values`);
  const second = header.data_page_header_v2;
  if (second !== undefined) {
    const { num_nulls: nulls, repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = second;
    if (!(nulls >= 0 && nulls <= second.num_values)) throw new Error(`a page of ${second.num_values} values says that ${nulls} are missing`);
    if (!(repetition >= 0 && definition >= 0 && repetition + definition <= Math.min(size, packed))) throw new Error("a page's levels are larger than it");
  }
  if (data !== undefined && data > left) throw new Error(`pages say they hold ${rows - left + data} values, and there are ${rows} rows`);
  return data ?? 0;
}
