/** Without this file two pipelines could not stand side by side as groups. */
import { showType } from "../ops/schema.ts";
import { pipelines } from "./args.ts";
import { stage } from "./stage.ts";

export const groups = stage({
  name: "groups",
  doc: "Name pipelines as groups; every later stage works on each of them, and `overlap`, `union`, `hist … overlay` compare them",
  category: "groups",
  args: { members: pipelines({ named: true, doc: "Name = pipeline, separated by commas; brackets around more than one word" }) },
  input: [],
  examples: [{ title: "Two samples", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | stats" }],
  searchTerms: ["compare", "versus"],
  lower: (context, { members }) => {
    const first = members[0];
    if (first === undefined) return null;
    for (const { name, plan } of members) {
      if (plan.schema.groups !== null) {
        context.report({ code: "groups-in-groups", message: `\`${name}\` is itself made of groups`, span: context.at("members"), notes: [`\`${name}\` is ${showType(plan.schema)}: ${plan.schema.groups.join(", ")}`] });
        return null;
      }
      if (plan.schema.kind !== first.plan.schema.kind) {
        context.report({ code: "unlike-groups", message: `\`${first.name}\` is ${showType(first.plan.schema)}, but \`${name}\` is ${showType(plan.schema)}`, span: context.at("members") });
        return null;
      }
    }
    const columns = first.plan.schema.columns.filter((column) =>
      members.every(({ plan }) => plan.schema.columns.some((other) => other.name === column.name && other.type === column.type)));
    const names = members.map(({ name }) => name);
    return context.node({ op: "group", names }, members.map(({ plan }) => plan), {
      ...first.plan.schema,
      columns,
      groups: names,
      known: members.every(({ plan }) => plan.schema.known),
    });
  },
});
