/** Without this file plain lists of texts would have to become CSV first. */
import { basename } from "node:path";
import type { ReadResult } from "./csv.ts";
import { DataError } from "./error.ts";
import { MAX_FIELD_BYTES, MAX_TEXT_BYTES } from "./table_limits.ts";
import { readSource } from "./source.ts";

/**
 * One row per line in the column `text`; row n is line n, empty lines are empty texts, a final line end adds no row.
 * Line ends are LF, CRLF or CR. Throws DataError (`not-utf8`, `nul-byte`, `field-too-large` …).
 */
export async function readText(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<ReadResult> {
  return readLines(path, options, MAX_FIELD_BYTES);
}

async function readLines(path: string, options: { readonly signal?: AbortSignal }, mostBytes: number): Promise<ReadResult> {
  const values: string[] = [];
  /** The line that is being read, and a CR behind it, which may be half of a line end. */
  let [parts, length, carried] = [[] as string[], 0, ""];
  let digest = "";
  const place = (): { row: number; text: string } => {
    const row = values.length + 1;
    return { row, text: ` in line ${row}` };
  };
  for await (const chunk of readSource(path, { signal: options.signal, onDigest: (found) => (digest = found), place })) {
    const text = carried + chunk.toString("utf8");
    carried = text.endsWith("\r") ? "\r" : "";
    const lines = text.slice(0, text.length - carried.length).split(/\r\n|\n|\r/);
    for (const [at, line] of lines.entries()) {
      parts.push(line);
      length += line.length;
      if (length > mostBytes) throw new DataError({ code: "field-too-large", message: `${path}: line ${values.length + 1} is larger than ${mostBytes / 2 ** 20} MB`, row: values.length + 1, help: "split it into shorter lines" });
      if (at === lines.length - 1) break;
      values.push(parts.join(""));
      [parts, length] = [[], 0];
    }
  }
  if (length > 0 || carried !== "") values.push(parts.join(""));
  const nul = values.findIndex((line) => line.includes("\0"));
  if (nul >= 0) throw new DataError({ code: "nul-byte", message: `${path}: there is a NUL byte in line ${nul + 1}`, row: nul + 1, help: "NUL is not text; remove it: tr -d '\\000' < old.txt > new.txt" });
  return { table: { kind: "table", rows: values.length, columns: [{ name: "text", type: "str", values, valid: null }], origin: basename(path) }, digest, notes: [] };
}

/** The file as one text in one row: lines as `readText` has them, LF between them. */
export async function readWhole(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<ReadResult> {
  const read = await readLines(path, options, MAX_TEXT_BYTES);
  const text = (read.table.columns[0]!.values as readonly string[]).join("\n");
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) throw new DataError({ code: "field-too-large", message: `${path} is larger than ${MAX_TEXT_BYTES / 2 ** 20} MB, which is more than one text may have`, help: "leave `whole` out: each line is a text then" });
  return { ...read, table: { ...read.table, rows: 1, columns: [{ name: "text", type: "str", values: [text], valid: null }] } };
}
