/** Without this file one damaged byte in a page could make the reader repeat a value two thousand million times. */
import type { PageHeader } from "hyparquet";
import { readVarInt } from "hyparquet/src/thrift.js";

/** Writers may round a last run up. */
const SPARE = 1 << 16;

/**
 * Throws where a run of equal values in an unpacked page of a flat column is longer than the values that the page holds. Runs tell which values are
 * there (`nullable`), where in a dictionary they stand, and what booleans are.
 */
export function refuseOverlongRuns(page: Uint8Array, header: PageHeader, nullable: boolean): void {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const { data_page_header: first, data_page_header_v2: second } = header;
  const data = first ?? second;
  if (data === undefined) return;
  let at = 0;
  if (second !== undefined) {
    if (nullable) walk(view, 0, 1, data.num_values);
    at = second.repetition_levels_byte_length + second.definition_levels_byte_length;
  } else if (nullable) {
    walk(view, 4, 1, data.num_values);
    at = 4 + view.getUint32(0, true);
  }
  if (data.encoding === "RLE") walk(view, at + 4, 1, data.num_values);
  else if (data.encoding?.endsWith("_DICTIONARY") === true && at < view.byteLength) walk(view, at + 1, view.getUint8(at), data.num_values);
}

/** Runs of `width` bits a value: an odd header is followed by as many groups of eight values, an even one by one value for all. */
function walk(view: DataView, offset: number, width: number, values: number): void {
  const reader = { view, offset };
  for (let seen = 0; seen < values && reader.offset < view.byteLength; ) {
    const header = readVarInt(reader);
    const count = header >>> 1;
    if ((header & 1) === 1) {
      reader.offset += count * width;
      seen += count * 8;
      continue;
    }
    if (count > values - seen + SPARE) throw new Error(`a page of ${values} values says that one comes ${count} times`);
    reader.offset += (width + 7) >> 3;
    seen += count;
  }
}
