/** Without this file the features of several groups could not be put in one table with true counts for all. */
import { showGroups } from "../ops/schema.ts";
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
    const { schema } = context.input;
    const names = schema.groups ?? [];
    if (schema.keys !== undefined) {
      context.report({
        code: "unnamed-groups",
        message: "`union` makes a column of each group, and what these groups are called is known only when it runs",
        notes: [`the groups are ${showGroups(schema)}`],
        help: `… | split a = ${schema.keys[0]!.name} == …, b = ${schema.keys[0]!.name} == … | acts layer 7 | top 10 | union`,
      });
      return null;
    }
    const layered = (schema.layers?.length ?? 1) > 1;
    const taken = names.find((name) => name === "feature" || (layered && name === "layer"));
    if (taken !== undefined) {
      context.report({ code: "name-taken", message: `a group named \`${taken}\` would hide the column of that name` });
      return null;
    }
    return context.node({ op: "union", threshold: context.settings.threshold }, [context.input], {
      kind: "table",
      groups: null,
      known: true,
      columns: [
        ...(layered ? [{ name: "layer", type: "int" } as const] : []),
        { name: "feature", type: "int" },
        ...names.map((name) => ({ name, type: "int" }) as const),
      ],
    });
  },
});
