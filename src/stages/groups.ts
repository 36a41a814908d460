/** Without this file two pipelines could not stand side by side as groups. */
import { columnOf, showType, type ColumnSchema, type Schema } from "../ops/schema.ts";
import { pipelines } from "./args.ts";
import { keepColumns } from "./lowering/columns.ts";
import { missingStages, textsOf, withStages } from "./lowering/alike_groups.ts";
import { editsIn, withEdits } from "./lowering/edited.ts";
import { stage, type Lowering } from "./stage.ts";

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
        context.report({ code: "unlike-groups", message: `\`${first.name}\` is ${showType(first.plan.schema)}, but \`${name}\` is ${showType(plan.schema)}`, span: context.at("members"), ...madeAlike(context, missingStages(members)) });
        return null;
      }
    }
    const columns = first.plan.schema.columns.flatMap((column) => {
      const types = members.map(({ plan }) => columnOf(plan.schema, column.name)?.type);
      if (types.every((type) => type === column.type)) return [column];
      // Scores that happen to be whole in one file are those of the other, as `concat` has it.
      return first.plan.schema.kind === "table" && types.every((type) => type === "int" || type === "float") ? [{ ...column, type: "float" as const }] : [];
    });
    const names = members.map(({ name }) => name);
    // Groups share one list of columns: what not every member has is left behind, so that no row stands under another's header.
    const alike = members.map(({ plan }) => {
      const same = plan.schema.columns.length === columns.length && plan.schema.columns.every((column, i) => column.name === columns[i]!.name && column.type === columns[i]!.type);
      if (same || plan.schema.kind !== "table" || !plan.schema.known) return plan;
      return context.node({ op: "project", columns: widened(columns, plan.schema) }, [plan], { ...plan.schema, columns });
    });
    if (columns.length === 0 && first.plan.schema.kind === "table" && first.plan.schema.known && members.every(({ plan }) => plan.schema.known)) {
      context.report({ code: "unlike-groups", message: "these groups have no column in common", span: context.at("members"), notes: members.map(({ name, plan }) => `\`${name}\` has ${plan.schema.columns.map((column) => column.name).join(", ")}`), ...madeAlike(context, textsOf(members)?.map(({ stage }) => stage) ?? null) });
      return null;
    }
    const schema = { ...first.plan.schema, columns, groups: names, known: members.every(({ plan }) => plan.schema.known) };
    return context.node({ op: "group", names }, alike, withEdits(schema, members.map(({ plan }) => editsIn(plan.schema))));
  },
});

/** Columns as they are, whole numbers as floats where those of another group have fractions. */
function widened(columns: readonly ColumnSchema[], schema: Schema): ReturnType<typeof keepColumns> {
  return keepColumns(columns).map(({ name, value }) => (columnOf(schema, name)?.type === value.type ? { name, value } : { name, value: { op: "arithmetic", sign: "*", left: { op: "column", name, type: "int" }, right: { op: "literal", value: 1, type: "float" }, type: "float" } }));
}

/** The groups with these stages behind them, where that works with all that follows. */
function madeAlike(context: Lowering, stages: readonly string[] | null): ReturnType<Lowering["way"]> {
  const fix = stages === null ? null : context.anew((behind) => `${withStages(context.members("members"), stages)}${behind}`);
  const [added] = (stages ?? []).filter((each) => each !== "");
  return fix === null ? {} : { label: `\`${added!}\` makes them alike`, fix };
}
