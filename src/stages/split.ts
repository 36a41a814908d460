/** Without this file one table could not be cut into groups by conditions. */
import { parts } from "./args.ts";
import { stage } from "./stage.ts";

export const split = stage({
  name: "split",
  doc: "Cut one table into named groups by conditions; rows in two groups or in none are reported",
  category: "groups",
  args: { parts: parts({ doc: "Name = condition, separated by commas" }) },
  input: ["table", "features"],
  groups: "refused",
  examples: [{ title: "Two groups", query: "memorization | split perfect = perfect_match, non_perfect = matching_tokens == 0 | count" }],
  searchTerms: ["partition", "group", "versus"],
  lower: (context, { parts }) =>
    context.node({ op: "split", parts: parts.map(({ name, value }) => ({ name, predicate: value })) }, [context.input], {
      ...context.input.schema,
      kind: "table",
      groups: parts.map(({ name }) => name),
    }),
});
