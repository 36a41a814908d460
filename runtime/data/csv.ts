/** Without this file no table could be read. */
import { basename } from "node:path";
import { Readable } from "node:stream";
import Papa from "papaparse";
import { askedTypes } from "./column_types.ts";
import type { Leniency } from "../../src/ops/op.ts";
import { dialect } from "./csv_dialect.ts";
import { createGuard, type Guard } from "./csv_guard.ts";
import { forceColumn, inferColumn, markOf } from "./csv_types.ts";
import { DataError } from "./error.ts";
import type { Table } from "./frame.ts";
import { readSource, type ReadCall } from "./source.ts";

export interface ReadResult {
  readonly table: Table;
  /** sha256 of the file's bytes, in hex. */
  readonly digest: string;
  /** Facts worth saying once: mixed line ends, blank lines, unnamed columns. */
  readonly notes: string[];
}

export interface CsvOptions extends Leniency, ReadCall {
  /** One ASCII character; default a comma. */
  readonly separator?: string;
  /** Types that are not inferred: `{id: "str"}`. */
  readonly types?: Readonly<Record<string, string>>;
}

/**
 * A CSV file as a table: the first line names the columns; cells are text first, then each column gets one type over all rows.
 * Throws DataError for everything that is not a rectangular UTF-8 table (`ragged-row`, `duplicate-column`, `unclosed-quote` …),
 * and the signal's reason when aborted.
 */
export async function readCsv(path: string, options: CsvOptions = {}): Promise<ReadResult> {
  const separator = options.separator ?? ",";
  if (!/^[\t !-~]$/.test(separator) || separator === '"') {
    throw new DataError({ code: "bad-separator", message: `A separator is one ASCII character other than a quote, not ${JSON.stringify(separator)}`, notes: ['it goes behind the file name: `sep ";"` for semicolons, `sep "\\t"` for tabs'], help: 'sep ";"' });
  }
  const guard = createGuard(path, separator.charCodeAt(0), options);
  let digest = "";
  const text = guarded(path, guard, options, (found) => (digest = found));
  const { header, cells } = await parse(text, separator, options.ragged);
  const notes = guard.notes();
  const names = nameColumns(path, header, notes);
  const types = askedTypes(path, names, options.types ?? {});
  const columns = names.map((name, at) => {
    const type = types.get(name);
    if (type !== undefined) return forceColumn(name, type, cells[at]!, markOf(options));
    const { column, note } = inferColumn(name, cells[at]!, markOf(options));
    if (note !== null) notes.push(note);
    return column;
  });
  return { table: { kind: "table", rows: cells[0]?.length ?? 0, columns, origin: basename(path) }, digest, notes };
}

export async function* guarded(path: string, guard: Guard, { signal, onBytes, encoding }: CsvOptions, onDigest: (digest: string) => void): AsyncGenerator<string> {
  for await (const chunk of readSource(path, { signal, onBytes, onDigest, place: guard.place, encoding, takesEncoding: true })) {
    const text = guard.push(chunk);
    if (text !== "") yield text;
  }
  const text = guard.end();
  if (text !== "") yield text;
}

interface Parsed {
  readonly header: readonly string[];
  /** One array of cells per column, header left out. */
  readonly cells: string[][];
}

function parse(text: AsyncGenerator<string>, separator: string, ragged: CsvOptions["ragged"]): Promise<Parsed> {
  return new Promise((resolve, reject) => {
    let header: readonly string[] | null = null;
    let cells: string[][] = [];
    const input = Readable.from(text);
    Papa.parse<string[]>(input, {
      ...dialect(separator),
      chunk: (results) => {
        if (results.errors.length > 0) input.destroy(new Error(`papaparse and its guard disagree: ${results.errors[0]!.message}`));
        for (const row of results.data) {
          if (header === null) {
            header = row;
            cells = row.map(() => []);
            continue;
          }
          const whole = fitted(row, cells.length, ragged);
          if (whole === null) continue;
          if (whole.length !== cells.length) input.destroy(new Error("papaparse and its guard disagree about the cells of a row"));
          else for (let at = 0; at < whole.length; at++) cells[at]!.push(whole[at]!);
        }
      },
      complete: () => resolve({ header: header ?? [], cells }),
      error: reject,
    });
  });
}

/** A row as long as the header: with nulls behind it, or null where it is left out. Others come back as they are. */
export function fitted(row: readonly string[], width: number, ragged: Leniency["ragged"]): readonly string[] | null {
  if (row.length === width) return row;
  if (ragged === "skip") return null;
  return ragged === "pad" && row.length < width ? [...row, ...new Array<string>(width - row.length).fill("")] : row;
}

/** What other programs put between cells: a name that holds one, alone in its line, was hardly meant. */
const OTHER_SEPARATORS = [";", "\t", "|", ","] as const;

/** Names without duplicates; an unnamed column, as pandas writes its index, is called by its place. */
export function nameColumns(path: string, header: readonly string[], notes: string[]): string[] {
  if (header.length === 0) throw new DataError({ code: "empty-file", message: `${path} holds only blank lines`, help: "a table needs at least a header line" });
  const seen = new Map<string, number>();
  const other = header.length === 1 ? OTHER_SEPARATORS.find((separator) => header[0]!.includes(separator)) : undefined;
  if (other !== undefined) notes.push(`its only column is called ${JSON.stringify(header[0])}; if ${other === "\t" ? "a tab" : `\`${other}\``} stands between its cells, read it with: sep ${JSON.stringify(other)}`);
  return header.map((raw, at) => {
    const bare = raw.replaceAll("\0", "");
    const name = bare === "" ? `column_${at + 1}` : bare;
    if (bare === "") notes.push(`column ${at + 1} has no name and is called ${name}`);
    const first = seen.get(name);
    if (first !== undefined) {
      throw new DataError({
        code: "duplicate-column",
        message: `${path}: columns ${first + 1} and ${at + 1} are both named ${JSON.stringify(name)}`,
        notes: ["one of them needs another name in the header line"],
        row: 0,
        column: name,
      });
    }
    seen.set(name, at);
    return name;
  });
}
