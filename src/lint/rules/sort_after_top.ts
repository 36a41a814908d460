/** Without this rule the strongest features could be sought among the most frequent ones only. */
import type { Stage } from "../../../grammar/ast.ts";
import { inEach, type LintRule } from "../rule.ts";
import { pipelinesOf, stageWord } from "../walk.ts";

const MEASURES: readonly string[] = ["count", "mean", "max", "sum", "frac"];

export const sortAfterTop: LintRule = {
  code: "sort-after-top",
  doc: "The list of `top` is sorted by a measure that `top` can rank by",
  why: "`sort` orders only the features that `top` listed by another measure",
  mend: "Rank by it: top 10 by mean",
  trigger: "saeq 1\nset seed 1\nsample perfect 2 | acts layer 7 | top 10 | sort max desc\n",
  fixed: "saeq 1\nset seed 1\nsample perfect 2 | acts layer 7 | top 10 by max\n",
  find: inEach((statement, text) =>
    [...pipelinesOf(statement)].flatMap(({ stages }) =>
      stages.flatMap((stage, i) => {
        const before = stages[i - 1];
        const measure = descendingMeasure(stage);
        if (before === undefined || measure === null || stageWord(before) !== "top") return [];
        const plain = before.args.length === 2;
        const ranked = text.slice(before.span.start, before.span.end);
        return [{ span: stage.span, message: `\`sort\` orders only the features that \`${ranked}\` listed`, label: `write \`top … by ${measure}\``, ...(plain ? { fix: { span: { start: before.span.start, end: stage.span.end }, text: measure === "count" ? ranked : `${ranked} by ${measure}` } } : {}) }];
      }))),
};

/** `max` of `sort max desc` or `sort -max`, where it is the only key and one that `top` ranks by. */
function descendingMeasure(stage: Stage): string | null {
  const items = stage.args[1]?.items ?? [];
  const item = items[0];
  if (stageWord(stage) !== "sort" || stage.args.length !== 2 || items.length !== 1 || item === undefined) return null;
  const negated = item.value.kind === "unary" && item.value.op === "-";
  const at = item.value.kind === "unary" ? item.value.operand : item.value;
  const name = at.kind === "name" ? at.path.join(".") : "";
  return negated !== (item.order === "desc") && MEASURES.includes(name) ? name : null;
}
