/** Without this file rules would not run, and a rule that changes a result's type would go unnoticed. */
import type { Plan } from "../ops/op.ts";
import { verify } from "../plan/verify.ts";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";

export interface Step {
  readonly rule: Rule;
  readonly before: Plan;
  readonly after: Plan;
}

/** Apply each rule once, in order. Every step is verified and can be shown by `explain`. */
export function optimize(plan: Plan, rules: readonly Rule[] = RULES): { readonly plan: Plan; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  let current = plan;
  for (const rule of rules) {
    const after = rule.apply(current);
    if (after === null) continue;
    verify(after, current.schema, rule.name);
    steps.push({ rule, before: current, after });
    current = after;
  }
  return { plan: current, steps };
}
