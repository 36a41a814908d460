/** Without this file no new column could be computed. */
import { assignments } from "./args.ts";
import { columnType, keepColumns } from "./lowering/columns.ts";
import { stage } from "./stage.ts";

export const derive = stage({
  name: "derive",
  doc: "Add columns, or replace columns of the same name",
  category: "tables",
  args: { columns: assignments({ doc: "Name = expression, separated by commas" }) },
  input: ["table", "features"],
  examples: [{ title: "A share", query: "memorization | derive share = matching_tokens / 50 | select share | take 3" }],
  alsoCalled: ["mutate", "assign", "with_columns"],
  lower: (context, { columns }) => {
    const { input } = context;
    const made = new Map(columns.map(({ name, value }) => [name, value]));
    const kept = input.schema.columns.filter((column) => !made.has(column.name));
    return context.node({ op: "project", columns: [...keepColumns(kept), ...columns] }, [input], {
      ...input.schema,
      kind: "table",
      columns: [...kept, ...columns.map(({ name, value }) => ({ name, type: columnType(value) }))],
    });
  },
});
