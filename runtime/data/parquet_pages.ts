/** Without this file a few damaged bytes in a page's header could make the reader ask for gigabytes. */
import type { AsyncBuffer, FileMetaData } from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";

const MOST_ROWS = 50_000_000;

/**
 * Throws where the headers of a column's pages, or the footer, speak of more values than the rows can hold: hyparquet makes
 * arrays of the length it is told. For flat columns only.
 */
export async function refuseOverfullPages(file: AsyncBuffer, metadata: FileMetaData, names: ReadonlySet<string>): Promise<void> {
  if (!(metadata.num_rows >= 0n) || metadata.num_rows > BigInt(MOST_ROWS)) throw new Error(`it says it has ${metadata.num_rows} rows, and at most ${MOST_ROWS} are read`);
  let rows = 0n;
  for (const group of metadata.row_groups) {
    rows += group.num_rows;
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined || !names.has(chunk.path_in_schema[0]!)) continue;
      if (chunk.num_values !== group.num_rows) throw new Error(`column ${chunk.path_in_schema[0]!} has ${chunk.num_values} values in a group of ${group.num_rows} rows`);
      const from = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
      const view = new DataView(await file.slice(Math.min(from, Number(chunk.data_page_offset)), Math.min(from, Number(chunk.data_page_offset)) + Number(chunk.total_compressed_size)));
      checkPages(view, Number(group.num_rows), Number(chunk.total_uncompressed_size));
    }
  }
  if (rows !== metadata.num_rows) throw new Error(`its groups have ${rows} rows, and it says it has ${metadata.num_rows}`);
}

/** Page headers in thrift: 2 size unpacked, 3 size packed, and the number of values in 5 (data), 7 (dictionary) or 8 (data, version 2). */
function checkPages(view: DataView, rows: number, unpacked: number): void {
  const reader = { view, offset: 0 };
  let values = 0;
  while (reader.offset < view.byteLength && values < rows) {
    const header = deserializeTCompactProtocol(reader) as { readonly field_2?: number; readonly field_3?: number } & Readonly<Record<"field_5" | "field_7" | "field_8", { readonly field_1?: number } | undefined>>;
    const size = header.field_2 ?? -1;
    const packed = header.field_3 ?? -1;
    const data = (header.field_5 ?? header.field_8)?.field_1;
    const dictionary = header.field_7?.field_1;
    if (!(size >= 0 && size <= unpacked && packed >= 0)) throw new Error(`a page says it unpacks to ${size} bytes, and its column to ${unpacked}`);
    if (data !== undefined && !(data >= 0)) throw new Error("a page has no number of values");
    if (dictionary !== undefined && !(dictionary >= 0 && dictionary <= size)) throw new Error(`a dictionary of ${size} bytes says it holds ${dictionary} values`);
    values += data ?? 0;
    if (values > rows) throw new Error(`pages say they hold ${values} values, and there are ${rows} rows`);
    reader.offset += packed;
  }
}
