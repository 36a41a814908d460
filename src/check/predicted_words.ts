/** Without this file `perplexity` would be a column that is not there, and nobody would say which stage makes it. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Stage } from "../../grammar/ast.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";
import type { Hint } from "./misplaced.ts";
import { beyondHelp } from "./scope.ts";
import { works, type Trial } from "./tried.ts";

/** Words for how badly a model predicts a text: its mean surprisal, and what is e to the power of that. */
const WORDS: Readonly<Record<string, "mean" | "power">> = { surprisal: "mean", loss: "mean", nll: "mean", cross_entropy: "mean", perplexity: "power", ppl: "power" };
/** What makes the column `surprisal` of texts, the likeliest first. */
const MAKERS: readonly string[] = ["logits at continuation", "logits at all"];
/** Nobody looks further back. */
const MOST_STEPS = 4;

/** Which figure of predictions a word is; null where it is none. */
export const isPredicted = (word: string): "mean" | "power" | null => (Object.hasOwn(WORDS, word.toLowerCase()) ? WORDS[word.toLowerCase()]! : null);

/** A stage as it is written behind `logits`: with the column that this makes, or behind the stages that make the figure of it. */
export function behindLogits({ name }: StageDefinition, own: string, word: string): string {
  const figure = isPredicted(word);
  const other = new RegExp(`(?<![\\p{L}\\p{N}_"])${word}(?![\\p{L}\\p{N}_"])`, "gu");
  // Ranks, and with them all that `compare` says but for the means, are those of the mean.
  if (figure === "mean" || name === "compare") return own.replace(other, "surprisal");
  return `group row | agg ${printColumn(word)} = exp(mean(surprisal)) | ${own}`;
}

/** What was meant by a column that predictions have; null where the mistake is another, or no line is known that works. */
export function asPredicted(definition: StageDefinition, { code, span }: Diagnostic, from: Plan | null, { stage, before }: { readonly stage: Stage; readonly before: readonly { readonly stage: Stage; readonly input: Plan | null }[] }, trial: Trial): Hint | null {
  const { report } = trial;
  if ((code !== "unknown-column" && code !== "unknown-keyword") || from === null || report.trial === true || report.expansions.nested > 0 || beyondHelp(report)) return null;
  const word = report.text.slice(span.start, span.end);
  const figure = isPredicted(word);
  if (figure === null) return null;
  const written = behindLogits(definition, report.text.slice(stage.span.start, stage.span.end), word);
  const notes = figure === "power" ? ["the perplexity of a text is e to the power of its mean surprisal, so texts stand in the same order by both"] : [];
  const told = (start: number, text: string): Hint => ({ label: `write \`${text}\``, fix: { span: { start, end: stage.span.end }, text }, ...(notes.length === 0 ? {} : { notes }) });
  if (columnOf(from.schema, "surprisal") !== undefined) return works(written, from, trial) ? told(stage.span.start, written) : null;
  // What has read the texts already is left out: predictions are another reading of them.
  const places = [{ start: stage.span.start, input: from }, ...before.slice(-MOST_STEPS).reverse().map((step) => ({ start: step.stage.span.start, input: step.input }))];
  for (const { start, input } of places) {
    if (input === null) continue;
    const text = MAKERS.map((maker) => `${maker} | ${written}`).find((each) => works(each, input, trial));
    if (text !== undefined) return told(start, text);
  }
  return null;
}
