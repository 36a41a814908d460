/** Without this file columns could not be chosen or reordered. */
import { assignments } from "./args.ts";
import { columnType } from "./lowering/columns.ts";
import { stage } from "./stage.ts";

export const select = stage({
  name: "select",
  doc: "Keep only these columns, in this order; `name = expression` makes a new one",
  category: "tables",
  args: { columns: assignments({ doc: "Columns, or names with expressions, separated by commas" }) },
  input: ["table", "features"],
  examples: [{ title: "Two columns", query: "memorization | select perfect_match, matching_tokens | take 3" }],
  alsoCalled: ["project"],
  searchTerms: ["columns"],
  lower: (context, { columns }) =>
    context.node({ op: "project", columns }, [context.input], {
      ...context.input.schema,
      kind: "table",
      columns: columns.map(({ name, value }) => ({ name, type: columnType(value) })),
    }),
});
