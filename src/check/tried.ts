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

/** The mistakes that stages would have there; null where they are no stages. */
export function mistakesOf(written: string, input: Plan | null, { scope, facts, report, check }: Trial): readonly Diagnostic[] | null {
  const { script, diagnostics } = parse(written);
  const [statement, ...others] = script.statements;
  if (diagnostics.length > 0 || statement?.kind !== "pipelineStatement" || others.length > 0) return null;
  const own: Report = { ...reportOn(written, [], report.accesses), trial: true };
  check(statement.pipeline, input, { scope, facts, report: own });
  // A line that reads a model which nothing else reads has no mistakes as long as nothing is known of it: it is asked for, and the line tried again.
  for (const [key, need] of own.needs) if (need.kind === "model" || need.kind === "sae" || need.kind === "chat") report.needs.set(key, need);
  return own.diagnostics.filter(({ severity }) => severity === "error");
}
