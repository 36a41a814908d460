/** Without this file `arrange(desc(n))` and `order_by(-n)` would be mended to rows in the opposite order. */
import { printColumn } from "../../grammar/print_parts.ts";

/** What dplyr, pandas, polars and Spark call it. */
const SORTS = /^(?:sort|sort_values|sort_by|order|order_by|orderBy|orderby|arrange)$/;
const NAME = "[\\p{L}_][\\p{L}\\p{N}_]*";
/** One key: the column by itself or in quotes, in `col("…")`, and what turns it round, before or behind. */
const KEY = new RegExp(`^(?:(?<call>desc|asc)\\(\\s*)?(?<minus>-\\s*)?(?:(?:pl\\.|F\\.)?col\\(\\s*["'](?<col>[^"']+)["']\\s*\\)|["'](?<quoted>[^"']+)["']|(?<plain>${NAME}))(?:\\.(?<method>desc|asc)\\(\\))?(?:\\s*\\))?$`, "u");

/** The last word of a call that turns all keys round. */
const DOWN = /,\s*(?:ascending\s*=\s*(?:False|false)|(?:descending|reverse)\s*=\s*(?:True|true))\s*$/;

/** The `sort` that a call in the words of another tool means, where one of its keys runs downwards; null for any other call. `text` is the call as it is written. */
export function sortedCall(name: string, text: string): string | null {
  const inner = SORTS.test(name) ? /^[^(]*\(([^]*)\)\s*$/.exec(text)?.[1] : undefined;
  if (inner === undefined) return null;
  const bare = inner.replace(DOWN, "");
  const all = bare !== inner;
  const keys = bare.replace(/^\s*(?:by\s*=\s*)?\[?/, "").replace(/\]\s*$/, "").split(/,(?![^(]*\))/).map((each) => KEY.exec(each.trim())?.groups);
  if (keys.some((key) => key === undefined)) return null;
  const written = keys.map((key) => ({ column: printColumn(key!["col"] ?? key!["quoted"] ?? key!["plain"]!), down: all || key!["call"] === "desc" || key!["method"] === "desc" || key!["minus"] !== undefined }));
  return written.some(({ down }) => down) ? `sort ${written.map(({ column, down }) => `${column}${down ? " desc" : ""}`).join(", ")}` : null;
}
