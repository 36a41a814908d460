/** Without this file rules could not be listed, explained or switched off one by one. */
import type { Plan } from "../ops/op.ts";

/** `before → after`: a pure function over whole plans. Null: nothing to do. A rule never changes a result or a schema. */
export interface Rule {
  readonly name: string;
  /** One line for `explain`. */
  readonly doc: string;
  apply(plan: Plan): Plan | null;
}

/** Rewrite a plan bottom-up; shared sub-plans stay shared. Null where nothing changed. */
export function rewrite(plan: Plan, change: (node: Plan) => Plan | null): Plan | null {
  const done = new Map<Plan, Plan>();
  const visit = (node: Plan): Plan => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const inputs = node.inputs.map(visit);
    const same = inputs.every((input, i) => input === node.inputs[i]);
    const current = same ? node : { ...node, inputs };
    const result = change(current) ?? current;
    done.set(node, result);
    return result;
  };
  const result = visit(plan);
  return result === plan ? null : result;
}

/** Every node once, inputs first. */
export function nodes(plan: Plan): readonly Plan[] {
  const seen = new Set<Plan>();
  const visit = (node: Plan): void => {
    if (seen.has(node)) return;
    for (const input of node.inputs) visit(input);
    seen.add(node);
  };
  visit(plan);
  return [...seen];
}
