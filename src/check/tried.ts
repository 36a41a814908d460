/** Without this file a line could be offered in place of a mistake that is a mistake itself. */
import { parse } from "../../grammar/parse.ts";
import type { Pipeline } from "../../grammar/ast.ts";
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
export function works(written: string, input: Plan | null, { scope, facts, report, check }: Trial): boolean {
  const { script, diagnostics } = parse(written);
  const [statement, ...others] = script.statements;
  if (diagnostics.length > 0 || statement?.kind !== "pipelineStatement" || others.length > 0) return false;
  const own = reportOn(written, [], report.accesses);
  check(statement.pipeline, input, { scope, facts, report: own });
  return own.diagnostics.every(({ severity }) => severity !== "error");
}
