/** Without this file a result of one device or number type could be shown as the result of another. */
import { key } from "../../src/ops/key.ts";
import { OPS, type Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";

/** Whether an op itself is a pass of the model or of an SAE. */
export function isComputed({ op }: Plan): boolean {
  return OPS[op.op].engine;
}

const known = new WeakMap<Plan, boolean>();

/** Whether a plan runs the model or an SAE: only then does its value depend on the numerics class, and only then is an engine needed. */
export function runsModel(plan: Plan): boolean {
  let found = known.get(plan);
  if (found === undefined) {
    found = nodes(plan).some(isComputed);
    known.set(plan, found);
  }
  return found;
}

/** The key under which the value of a plan is kept: its own, with the numerics class (src/emit/target.ts) where that matters. */
export function valueKey(plan: Plan, numerics: string): string {
  return runsModel(plan) ? `${key(plan)}|${numerics}` : key(plan);
}
