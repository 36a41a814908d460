/** Without this file no test would bring about what goes wrong with scripts, tables and disks. */
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { ROOT } from "../house/files.ts";
import type { InnerOptions } from "../../runtime/session/session.ts";

/** One way to bring a code about through a session, in a folder of its own. */
export interface OutsideCase {
  readonly code: string;
  /** Files of the folder; names may hold `/`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** What else to do to the folder before the query runs. */
  readonly prepare?: (folder: string) => void;
  readonly options?: (folder: string) => Partial<InnerOptions>;
  /** Run as a user that file permissions bind, where the tests run as root. */
  readonly ordinaryUser?: true;
  /** A line of a session to run first, and what happens to the folder after it. */
  readonly before?: { readonly query: string; readonly then: (folder: string) => void };
  readonly query: string;
  readonly exit: number;
  /** The code that is rendered, where this one is a note of another: a mistake in a module is told as `broken-module`. */
  readonly within?: { readonly code: string; readonly note: RegExp };
}

const twoColumns = "a,b\n1,2\n";
const lines = (count: number, cell: (row: number) => string | number): string => `k\n${Array.from({ length: count }, (_, row) => cell(row)).join("\n")}\n`;
const broken = (note: RegExp): NonNullable<OutsideCase["within"]> => ({ code: "broken-module", note });

/** A column of records in BSON, which have no type in saeq, beside a whole number. */
function packedRecords(): Uint8Array {
  const schema = [{ name: "root", num_children: 2 }, { name: "at", type: "BYTE_ARRAY", converted_type: "BSON", repetition_type: "REQUIRED" }, { name: "n", type: "INT32", repetition_type: "REQUIRED" }] as const;
  return new Uint8Array(parquetWriteBuffer({ schema: [...schema], columnData: [{ name: "at", data: [new Uint8Array([5, 0, 0, 0, 0]), new Uint8Array([5, 0, 0, 0, 0])] }, { name: "n", data: [1, 2] }] }));
}

export const SCRIPT_CASES: readonly OutsideCase[] = [
  { code: "wrong-param", options: () => ({ params: { n: "ten" } }), query: "param n: int = 3", exit: 2 },
  { code: "permission-denied", files: { "x.csv": twoColumns }, options: () => ({ grants: { read: [], write: [] } }), query: 'csv "x.csv"', exit: 4 },
  { code: "module-cycle", files: { "a.saeq": 'use "a.saeq" as again\n' }, query: 'use "a.saeq" as a', exit: 3, within: broken(/`a\.saeq` uses itself/) },
  { code: "module-param", files: { "m.saeq": "param n: int\n" }, query: 'use "m.saeq" as m', exit: 3, within: broken(/`n` needs a default/) },
  { code: "module-runs", files: { "m.saeq": "perfect | count\n" }, query: 'use "m.saeq" as m', exit: 3, within: broken(/a module runs nothing/) },
  { code: "too-many-stages", query: `perfect${" | take 5".repeat(2100)}`, exit: 3 },
  { code: "too-large", files: { "m.saeq": "" }, prepare: (folder) => truncateSync(join(folder, "m.saeq"), 17 * 2 ** 20), query: 'use "m.saeq" as m', exit: 3 },
];

export const TABLE_CASES: readonly OutsideCase[] = [
  { code: "not-a-file", prepare: (folder) => mkdirSync(join(folder, "runs")), query: 'csv "runs"', exit: 3 },
  { code: "not-readable", files: { "x.csv": twoColumns }, prepare: (folder) => chmodSync(join(folder, "x.csv"), 0), ordinaryUser: true, query: 'csv "x.csv"', exit: 3 },
  { code: "not-utf8", files: { "x.csv": Buffer.from("a,b\n1,caf\xe9\n", "latin1") }, query: 'csv "x.csv"', exit: 3 },
  { code: "utf-16", files: { "x.csv": Buffer.from("\ufeffa,b\n1,2\n", "utf16le") }, query: 'csv "x.csv"', exit: 3 },
  { code: "input-changed", files: { "x.csv": twoColumns }, options: () => ({ interactive: true }), before: { query: 'let runs = csv "x.csv"', then: (folder) => writeFileSync(join(folder, "x.csv"), "a,b\n3,4\n") }, query: "runs | take 1", exit: 1 },
  { code: "field-too-large", files: { "x.csv": `a,b\n1,${"x".repeat(17 * 2 ** 20)}\n` }, query: 'csv "x.csv"', exit: 3 },
  { code: "too-many-columns", files: { "x.csv": `${"a,".repeat(20_000)}a\n` }, query: 'csv "x.csv"', exit: 3 },
  { code: "nested-column", files: { "x.parquet": readFileSync(join(ROOT, "test", "data", "nested.parquet")) }, query: 'parquet "x.parquet"', exit: 3 },
  { code: "unreadable-column", files: { "x.parquet": packedRecords() }, query: 'parquet "x.parquet"', exit: 3 },
  { code: "too-large-to-hold", files: { "x.csv": `k\n${"a".repeat(2_000_000)}\n` }, query: 'csv "x.csv" | derive k = replace(replace(k, "a", "aaaaaaaaaaaaaaaaaaaa"), "a", "aaaaaaaaaaaaaaaaaaaa")', exit: 1 },
  { code: "too-many-groups", files: { "x.csv": lines(65_537, (row) => row) }, query: 'csv "x.csv" | group k | count', exit: 1 },
  { code: "too-many-rows", files: { "x.csv": lines(10_000, () => "same") }, query: 'csv "x.csv" | join (csv "x.csv") on k', exit: 1 },
  { code: "not-writable", prepare: (folder) => chmodSync(folder, 0o555), ordinaryUser: true, query: 'perfect | take 1 | save "x.csv"', exit: 1 },
  { code: "write-failed", query: `perfect | take 1 | save "${"long".repeat(64)}.csv"`, exit: 1 },
];
