/** Without this rule a name that comes with saeq could mean something else, unseen. */
import { inEach, type LintRule } from "../rule.ts";

export const shadowedName: LintRule = {
  code: "shadowed-name",
  doc: "A `let` hides a name that comes with saeq",
  why: "Readers who know the name expect the rows that ship with saeq",
  mend: "Choose another name, or silence it where the meaning is the same",
  trigger: 'saeq 1\nlet perfect = csv "std:memorization_results_L50_O50.csv" | take 3\nperfect | count\n',
  fixed: null,
  find: (subject) => {
    const standard = subject.compiled?.scope.standard;
    return lets(subject).flatMap(({ name, span }) => (standard?.has(name) === true ? [{ span, message: `\`${name}\` hides the value of that name that comes with saeq`, label: "means something else elsewhere" }] : []));
  },
};

const lets = inEach((statement) => (statement.kind === "let" ? [{ name: statement.name.path.join("."), span: statement.name.span }] : []));
