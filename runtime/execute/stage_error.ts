/** Without this file a mistake that is found while running could not be shown at the stage that it is about. */
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../../src/ops/op.ts";

/** A mistake found while running, at the stage where it happened. Any other error is a bug. */
export class StageError extends Error {
  readonly at: Span;
  readonly stage: string;
  constructor(plan: Plan, cause: unknown) {
    super(`in ${plan.label}`, { cause });
    this.at = plan.at;
    this.stage = plan.label;
  }
}
