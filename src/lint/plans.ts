/** Without this file rules that need types would have to know how a compiled script keeps its plans. */
import type { Plan } from "../ops/op.ts";
import type { Compiled } from "../pipeline.ts";

/** Every node of every plan of a script, as written, once. */
export function plansOf(compiled: Compiled | null): readonly Plan[] {
  const seen = new Set<Plan>();
  const visit = (plan: Plan): void => {
    if (seen.has(plan)) return;
    seen.add(plan);
    plan.inputs.forEach(visit);
  };
  for (const { written } of compiled?.pipelines ?? []) visit(written);
  for (const plan of compiled?.scope.relations.values() ?? []) visit(plan);
  return [...seen];
}
