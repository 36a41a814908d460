/** Without this file rows that stand twice could not be left out. */
import { columns } from "./args.ts";
import { stage } from "./stage.ts";

export const distinct = stage({
  name: "distinct",
  doc: "Keep the first row of each combination of values in these columns, or in all columns; null is a value like others",
  category: "tables",
  args: { columns: columns({ default: [], doc: "Columns, separated by commas; all where not given" }) },
  input: ["table", "features"],
  examples: [{ title: "One row for each value", query: "memorization | distinct perfect_match | select perfect_match" }],
  alsoCalled: ["unique", "drop_duplicates", "dedup"],
  lower: (context, { columns }) => context.node({ op: "distinct", by: columns }, [context.input], { ...context.input.schema, kind: "table" }),
});
