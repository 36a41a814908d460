/** Without this file groups could not become one table again. */
import { columnOf, groupColumns, table } from "../ops/schema.ts";
import { agree, editLists, editsOf } from "./lowering/edited.ts";
import { rowsCanBeLabelled } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

export const ungroup = stage({
  name: "ungroup",
  doc: "Put the groups below one another as one table; first the column `group`, or the columns that the groups were made from",
  category: "groups",
  args: {},
  input: ["table", "features"],
  examples: [{ title: "Samples in one table", query: "groups a = (sample perfect 2), b = (sample non_perfect 2) | ungroup | select group, matching_tokens" }],
  searchTerms: ["flatten", "unnest", "explode"],
  lower: (context) => {
    const { input } = context;
    const { schema } = input;
    if (schema.groups === null) {
      context.report({ code: "needs-groups", message: "`ungroup` makes one table of groups, and this is one table already", ...(context.input.schema.known ? { notes: ["what `agg` and other figures of groups give is one table, with a row for each group"], label: "leave it out", fix: context.leftOut } : {}) });
      return null;
    }
    const first = groupColumns(schema);
    if (!rowsCanBeLabelled(context, "ungroup") || !agree(context, "these groups", null, editLists(schema))) return null;
    const kept = schema.columns.filter(({ name }) => !first.some((key) => key.name === name));
    // A key that later stages gave another meaning keeps that meaning, and its type.
    const labels = first.map((key) => columnOf(schema, key.name) ?? key);
    return context.node({ op: "ungroup" }, [input], { ...table([...labels, ...kept]), known: schema.known, ...editsOf(schema) });
  },
});
