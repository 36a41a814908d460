/** Without this file a script of a million stages would overflow the stack of everything that walks plans. */
import type { Plan } from "./op.ts";

/** More stages than this in a row, counted through `let`s, are refused. */
export const MOST_DEPTH = 2000;

const depths = new WeakMap<Plan, number>();

/** Stages from the farthest source to this one. Plans are built inputs first, so this never walks far. */
export function depthOf(plan: Plan): number {
  const known = depths.get(plan);
  if (known !== undefined) return known;
  const depth = 1 + Math.max(0, ...plan.inputs.map(depthOf));
  depths.set(plan, depth);
  return depth;
}
