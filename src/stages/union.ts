/** Without this file the features of several groups could not be put in one table with true counts for all. */
import { featureColumns, groupNames } from "./lowering/named_groups.ts";
import { stage } from "./stage.ts";

export const union = stage({
  name: "union",
  doc: "Every feature that any group lists, with its true count in every group: looked up in the activations, not taken as 0 where a list leaves it out",
  category: "features",
  args: {},
  input: ["features"],
  groups: "required",
  examples: [{ title: "The table of the notebook", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | top 10 | union | sort perfect desc, non_perfect desc, feature asc" }],
  searchTerms: ["merge", "outer join"],
  lower: (context) => {
    const features = featureColumns(context);
    const names = groupNames(context, "union", features.map(({ name }) => name));
    if (names === null) return null;
    return context.node({ op: "union", threshold: context.settings.threshold }, [context.input], {
      kind: "table",
      groups: null,
      known: true,
      columns: [...features, ...names.map((name) => ({ name, type: "int" }) as const)],
    });
  },
});
