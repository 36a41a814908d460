/** Without this rule a name that comes with saeq could mean something else, unseen. */
import type { LintRule } from "../rule.ts";

export const shadowedName: LintRule = {
  code: "shadowed-name",
  doc: "A `let` hides a name that comes with saeq",
  why: "Readers who know the name expect the rows that ship with saeq",
  mend: "Choose another name, or silence it where the meaning is the same",
  trigger: 'saeq 1\nlet perfect = csv "std:memorization_results_L50_O50.csv" | take 3\nperfect | count\n',
  fixed: null,
  find: ({ script, compiled }) =>
    script.statements.flatMap((statement) => {
      if (statement.kind !== "let") return [];
      const name = statement.name.path.join(".");
      return compiled?.scope.standard.has(name) === true ? [{ span: statement.name.span, message: `\`${name}\` hides the value of that name that comes with saeq`, label: "means something else elsewhere" }] : [];
    }),
};
