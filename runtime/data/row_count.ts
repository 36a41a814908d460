/** Without this file what is explained and what is paged would count the rows of a value in two ways. */
import type { Value } from "./frame.ts";

/** Rows of a value, for those that count; null where it has none. */
export function rowCount(value: Value): number | null {
  switch (value.kind) {
    case "groups":
      return value.members.reduce<number | null>((sum, { value: member }) => {
        const rows = rowCount(member);
        return sum === null || rows === null ? null : sum + rows;
      }, 0);
    case "table":
      return value.rows;
    case "features":
      return value.table.rows;
    case "tokens":
      return value.ids.length;
    case "acts":
    case "dense":
      return value.rows.count;
    case "reduced":
      return value.facts.positions;
    default:
      return null;
  }
}
