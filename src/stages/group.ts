/** Without this file a table could be cut into groups only by writing a condition for each. */
import { columns } from "./args.ts";
import { stage } from "./stage.ts";

export const group = stage({
  name: "group",
  doc: "Cut one table into groups by the values of columns; every later stage works on each of them. A group is named by its values, groups stand in order of first appearance, null is a value. What sums them up or saves them has these columns first",
  category: "groups",
  args: { keys: columns({ doc: "Columns, separated by commas" }) },
  input: ["table", "features"],
  groups: "refused",
  examples: [
    { title: "A summary for each value", query: "memorization | group perfect_match | agg n = count(), m = mean(matching_tokens)" },
    { title: "Three rows of each", query: "memorization | group perfect_match | sample 3 | ungroup | count by perfect_match" },
  ],
  alsoCalled: ["group_by", "groupby"],
  searchTerms: ["partition"],
  lower: (context, { keys }) => {
    const { input } = context;
    const twice = keys.find((name, at) => keys.indexOf(name) !== at);
    if (twice !== undefined) {
      context.report({ code: "name-taken", message: `\`${twice}\` is named twice`, span: context.at("keys") });
      return null;
    }
    return context.node({ op: "group_by", keys }, [input], {
      ...input.schema,
      kind: "table",
      groups: [],
      keys: keys.flatMap((name) => input.schema.columns.filter((column) => column.name === name)),
    });
  },
});
