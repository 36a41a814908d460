/** Without this file columns and types would be listed differently wherever an editor shows them. */
import { showType, type Schema } from "../ops/schema.ts";

const MOST_COLUMNS = 24;

/** `table: reference str, matching_tokens int (+3 more)`; null where nothing is known. */
export function describeSchema(schema: Schema | null): string | null {
  if (schema === null || !schema.known) return null;
  const columns = schema.columns.slice(0, MOST_COLUMNS).map(({ name, type }) => `${name} ${type}`);
  const more = schema.columns.length - columns.length;
  const names = schema.groups === null || schema.groups.length === 0 ? "" : ` (${schema.groups.join(", ")})`;
  return `${showType(schema)}${names}${columns.length === 0 ? "" : `: ${columns.join(", ")}${more > 0 ? ` (+${more} more)` : ""}`}`;
}
