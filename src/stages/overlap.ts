/** Without this file nobody could ask how much two lists of features share. */
import { stage } from "./stage.ts";

export const overlap = stage({
  name: "overlap",
  doc: "For each pair of groups: how many features both list, and which",
  category: "features",
  args: {},
  input: ["features"],
  groups: "required",
  examples: [{ title: "Shared top features", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | top 10 | overlap" }],
  searchTerms: ["intersection", "jaccard", "common"],
  lower: (context) =>
    context.node({ op: "overlap" }, [context.input], {
      kind: "table",
      groups: null,
      known: true,
      columns: [
        { name: "a", type: "str" },
        { name: "b", type: "str" },
        { name: "size_a", type: "int" },
        { name: "size_b", type: "int" },
        { name: "shared", type: "int" },
        { name: "jaccard", type: "float" },
        { name: "features", type: "str" },
      ],
    }),
});
