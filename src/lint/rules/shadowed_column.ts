/** Without this rule a column could be replaced by another of the same name, unseen. */
import { inExpr, pipelinesOf, stageWord } from "../walk.ts";
import type { LintRule } from "../rule.ts";
import { plansOf } from "../plans.ts";

export const shadowedColumn: LintRule = {
  code: "shadowed-column",
  doc: "`derive` replaces a column without reading it",
  why: "Later stages that use the name mean another column than the file's",
  mend: "Give the new column a name of its own",
  trigger: "saeq 1\nmemorization | derive matching_tokens = len(input_text) | take 3\n",
  fixed: null,
  find: ({ script, compiled }) => {
    const inputs = new Map(plansOf(compiled).filter(({ op, label }) => op.op === "project" && label.startsWith("derive")).map((plan) => [plan.at.start, plan.inputs[0]!.schema] as const).reverse());
    return [...pipelinesOf(script)].flatMap((pipeline) => pipeline.stages).filter((stage) => stageWord(stage) === "derive").flatMap((stage) => {
      const input = inputs.get(stage.span.start);
      return stage.args.slice(1).flatMap((arg) => arg.items).flatMap((item) => {
        const name = item.name?.path.join(".");
        if (item.name === null || name === undefined || input?.columns.some((column) => column.name === name) !== true) return [];
        const reads = [...inExpr(item.value)].some((expr) => expr.kind === "name" && expr.path.join(".") === name);
        return reads ? [] : [{ span: item.name.span, message: `\`${name}\` is a column already, and this replaces it`, label: "hides the column of that name" }];
      });
    });
  },
};
