/** Without this rule a column could be replaced by another of the same name, unseen. */
import { inExpr, pipelinesOf, stageWord } from "../walk.ts";
import type { Span } from "../../../grammar/span.ts";
import type { Schema } from "../../ops/schema.ts";
import { inEach, type LintRule, type Subject } from "../rule.ts";
import { plansOf } from "../plans.ts";

export const shadowedColumn: LintRule = {
  code: "shadowed-column",
  doc: "`derive` replaces a column without reading it",
  why: "Later stages that use the name mean another column than the file's",
  mend: "Give the new column a name of its own",
  trigger: "saeq 1\nmemorization | derive matching_tokens = len(input_text) | take 3\n",
  fixed: null,
  find: (subject) => {
    const found = derived(subject);
    const inputs = found.length === 0 ? new Map<Span, Schema>() : inputsOf(subject);
    return found.flatMap(({ name, span, stage }) => (inputs.get(stage())?.columns.some((column) => column.name === name) === true ? [{ span, message: `\`${name}\` is a column already, and this replaces it`, label: "hides the column of that name" }] : []));
  },
};

/** What flows into each `derive`, by the place of the stage: the very object, since places of other files and parts count from 0 too. */
function inputsOf({ compiled }: Subject): ReadonlyMap<Span, Schema> {
  return new Map(plansOf(compiled).filter(({ op, label }) => op.op === "project" && label.startsWith("derive")).map((plan) => [plan.at, plan.inputs[0]!.schema] as const).reverse());
}

/** Columns that are named by a `derive` that does not read one of that name. */
const derived = inEach((statement) =>
  [...pipelinesOf(statement)].flatMap((pipeline) => pipeline.stages).filter((stage) => stageWord(stage) === "derive").flatMap((stage) =>
    stage.args.slice(1).flatMap((arg) => arg.items).flatMap((item) => {
      const name = item.name?.path.join(".");
      if (item.name === null || name === undefined || [...inExpr(item.value)].some((expr) => expr.kind === "name" && expr.path.join(".") === name)) return [];
      return [{ name, span: item.name.span, stage: () => stage.span }];
    })));
