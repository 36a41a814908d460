/** Without this file a line could be offered in place of a mistake that is a mistake itself. */
import { parse } from "../../grammar/parse.ts";
import type { Pipeline } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Plan } from "../ops/op.ts";
import { reportOn, type Facts, type Report, type Scope } from "./scope.ts";

export interface Trial {
  readonly scope: Scope;
  readonly facts: Facts;
  readonly report: Report;
  /** `checkPipeline`, which is what offers lines. */
  readonly check: (pipeline: Pipeline, input: Plan | null, context: { readonly scope: Scope; readonly facts: Facts; readonly report: Report }) => Plan | null;
}

/** Whether stages, as written, could stand where the input flows (null: at the start of a pipeline). */
export function works(written: string, input: Plan | null, trial: Trial): boolean {
  return mistakesOf(written, input, trial)?.length === 0;
}

/** Mistakes of one line that are mended together; who made more has another line in mind. */
const MOST_MENDED = 3;
/** Names of data and of templates that are nearly there: what else is wrong with a line says that another one was meant. */
const OF_NAMES: readonly string[] = ["unknown-column", "unread-variable"];

/** The stages as written, or with the names that are nearly there, where they could stand there so, and what was wrong with these; else null. */
export function mended(written: string, input: Plan | null, trial: Trial): { readonly text: string; readonly mistakes: readonly Diagnostic[] } | null {
  const mistakes = mistakesOf(written, input, trial);
  if (mistakes === null || mistakes.length === 0) return mistakes === null ? null : { text: written, mistakes };
  if (mistakes.length > MOST_MENDED || mistakes.some(({ code, fix }) => !OF_NAMES.includes(code) || fix === undefined)) return null;
  let text = written;
  for (const { fix } of mistakes.toSorted((a, b) => b.fix!.span.start - a.fix!.span.start)) text = text.slice(0, fix!.span.start) + fix!.text + text.slice(fix!.span.end);
  return works(text, input, trial) ? { text, mistakes } : null;
}

/** The first of some lines that could stand there, else the first that could with names that are nearly there; null where none could. */
export function firstThatStands(lines: readonly string[], input: Plan | null, trial: Trial): string | null {
  const whole = lines.find((line) => works(line, input, trial));
  if (whole !== undefined) return whole;
  for (const line of lines) {
    const found = mended(line, input, trial);
    if (found !== null) return found.text;
  }
  return null;
}

/** The mistakes that stages would have there; null where they are no stages. */
export function mistakesOf(written: string, input: Plan | null, { scope, facts, report, check }: Trial): readonly Diagnostic[] | null {
  const { script, diagnostics } = parse(written);
  const [statement, ...others] = script.statements;
  if (diagnostics.length > 0 || statement?.kind !== "pipelineStatement" || others.length > 0) return null;
  const own: Report = { ...reportOn(written, [], report.accesses), trial: true };
  check(statement.pipeline, input, { scope, facts, report: own });
  // A line that reads a model or a template which nothing else reads has no mistakes as long as nothing is known of it: it is asked for, and the line tried again.
  for (const [key, need] of own.needs) if (need.kind === "model" || need.kind === "sae" || need.kind === "chat" || need.kind === "template" || (need.kind === "table" && need.lenient?.whole === "file")) report.needs.set(key, need);
  return own.diagnostics.filter(({ severity }) => severity === "error");
}
