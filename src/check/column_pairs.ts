/** Without this file two columns of one table, before and after, could not be compared by who has them side by side: what a stage compares are groups. */
import type { Stage } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import { columnOf, type Schema } from "../ops/schema.ts";

/**
 * A line that compares two columns which a stage names (`compare before, after`), of numbers as pairs of scores, of texts by what fires in them at a layer; null where it names none. `source`:
 * what the table was made by.
 */
export function columnPair(stage: Stage, schema: Schema, source: string, layer: number): string | null {
  if (schema.kind !== "table" || source === "" || source.includes("\n")) return null;
  const words = stage.args.slice(1);
  const named = words.slice(0, 1).flatMap(({ items }) => items);
  const names = (named.length === 2 ? named : words.slice(0, 2).flatMap(({ items }) => items)).flatMap(({ name, order, value }) => (name === null && order === null && value.kind === "name" ? [value.path.join(".")] : []));
  const [a, b, ...more] = names.map((name) => columnOf(schema, name));
  if (a === undefined || b === undefined || a === null || b === null || a.name === b.name || more.length > 0 || (a.type === "str") !== (b.type === "str")) return null;
  const group = (name: string, stages: string): string => `${printColumn(name)} = (${source} | ${stages})`;
  const of = [a.name, b.name].map((name) => group(name, a.type === "str" ? `text ${printColumn(name)}` : `select score = ${printColumn(name)}`));
  return `groups ${of.join(", ")} | ${a.type === "str" ? `acts layer ${layer} | compare paired` : "compare score paired"}`;
}
