/** Without this rule the first rows of a file could be taken for the greatest. */
import { inEach, type LintRule } from "../rule.ts";
import { pipelinesOf, stageWord } from "../walk.ts";

export const sortAfterTake: LintRule = {
  code: "sort-after-take",
  doc: "Rows are cut off by `take` before they are sorted",
  why: "Only the rows that come first in the file are ordered; the greatest may be among those dropped",
  mend: "Sort first, then take",
  trigger: "saeq 1\nmemorization | take 5 | sort matching_tokens desc\n",
  fixed: "saeq 1\nmemorization | sort matching_tokens desc | take 5\n",
  find: inEach((statement, text) =>
    [...pipelinesOf(statement)].flatMap(({ stages }) =>
      stages.flatMap((stage, i) => {
        const before = stages[i - 1];
        if (stageWord(stage) !== "sort" || before === undefined || stageWord(before) !== "take") return [];
        if (stages.slice(0, i - 1).some((each) => ["sort", "top"].includes(stageWord(each) ?? ""))) return [];
        const words = (at: typeof stage): string => text.slice(at.span.start, at.span.end);
        // `take` may name its input first; then the two cannot simply change places.
        const plain = before.args.length === 2 && i > 1;
        const span = { start: before.span.start, end: stage.span.end };
        return [{ span: stage.args[0]!.span, message: "`sort` orders only the rows that `take` left", label: "sort before `take`", ...(plain ? { fix: { span, text: `${words(stage)}${text.slice(before.span.end, stage.span.start)}${words(before)}` } } : {}) }];
      }))),
};
