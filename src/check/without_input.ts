/** Without this file a stage at the start of a line would be answered with an example of its own words and numbers, in place of those that were typed. */
import type { Stage } from "../../grammar/ast.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { beyondHelp } from "./scope.ts";
import { mistakesOf, works, type Trial } from "./tried.ts";

/** Nobody who means one thing makes more mistakes in a stage. */
const MOST_MENDED = 3;

/**
 * The line that a stage without input is meant for: its first example with the stage as it was typed, mended where its words are; `rest` is what stood behind it, from its pipe on, and goes on there. Else the
 * example as it is.
 */
export function withInput({ name, examples }: StageDefinition, stage: Stage, rest: string, trial: Trial): string | null {
  const { report } = trial;
  const query = examples[0]?.query;
  if (query === undefined) return null;
  if (report.trial === true || beyondHelp(report) || report.expansions.nested > 0) return query;
  // `(sample perfect 5 | steer feature 769 scale 8.0)`: what leads to the stage, and the stage.
  const found = new RegExp(`(?<=^|\\()([^()]*?) \\| (${name}(?: [^|()]*?)?)(?= \\||\\)|$)`).exec(query);
  if (found === null || stage.args.length === 1) return query;
  const [, lead = "", shown = ""] = found;
  const own = mended(`${lead} | ${report.text.slice(stage.span.start, stage.span.end)}`, trial);
  if (own === null) return query;
  const at = found.index + lead.length + " | ".length;
  const lines = rest.trim() === "" ? [query.slice(0, at) + own.slice(lead.length + " | ".length) + query.slice(at + shown.length)] : [`${own}${rest}`];
  return lines.find((line) => works(line, null, trial)) ?? query;
}

/** A line with the fixes of its mistakes; null where one has none, or they do not mend it. */
function mended(line: string, trial: Trial): string | null {
  let text = line;
  for (let round = 0; round <= MOST_MENDED; round++) {
    const mistakes = mistakesOf(text, null, trial);
    if (mistakes === null) return null;
    const [first] = mistakes;
    if (first === undefined) return text;
    if (first.fix === undefined) return null;
    text = text.slice(0, first.fix.span.start) + first.fix.text + text.slice(first.fix.span.end);
  }
  return null;
}
