/** Without this file weights would be downloaded for a plan that is only explained. */
import type { Plan } from "../ops/op.ts";

/** Everything that is computed for a plan: not what is only explained. */
export function computed(plan: Plan, seen = new Set<Plan>()): ReadonlySet<Plan> {
  if ((plan.op.op === "explain" && !plan.op.analyze) || seen.has(plan)) return seen;
  for (const input of plan.inputs) computed(input, seen);
  return seen.add(plan);
}
