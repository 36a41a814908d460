/** Without this file rules that need types would have to know how a compiled script keeps its plans. */
import type { Plan } from "../ops/op.ts";
import type { Plans } from "./rule.ts";

const known = new WeakMap<Plans, readonly Plan[]>();

/** Every node of every plan of a script, as written, once. */
export function plansOf(compiled: Plans | null): readonly Plan[] {
  if (compiled === null) return [];
  const plans = known.get(compiled) ?? allPlans(compiled);
  known.set(compiled, plans);
  return plans;
}

function allPlans(compiled: Plans): readonly Plan[] {
  const seen = new Set<Plan>();
  const visit = (plan: Plan): void => {
    if (seen.has(plan)) return;
    seen.add(plan);
    plan.inputs.forEach(visit);
  };
  for (const { written } of compiled.pipelines) visit(written);
  for (const plan of compiled.scope.relations.values()) visit(plan);
  return [...seen];
}
