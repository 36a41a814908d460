/** Without this file the activations of a million texts would be held to count them. */
import { key } from "../ops/key.ts";
import type { Plan, Reduction } from "../ops/op.ts";
import { eachDemand } from "./demands.ts";
import { rewrite, type Rule } from "./rule.ts";

/**
 * stats(forward(T))  →  stats(forward(T, keep only counts, sums and extremes)): where all that is asked of activations are figures that add
 * up, each batch is added to them and let go. Plans that show, save or keep the activations stay as they are.
 */
export const pushAggregates: Rule = {
  name: "push the aggregates",
  doc: "counts, sums and extremes are taken of each batch; the activations themselves are let go",
  apply: (plan) => reduced(plan, reductions),
};

/** The figures that a node asks of activations; null: it needs them whole. */
type Asks = (node: Plan) => readonly Reduction[] | null;

/** The plan with each pass that is asked for figures alone giving these. */
export function reduced(plan: Plan, asks: Asks): Plan | null {
  const asked = demands(plan, asks);
  return rewrite(plan, (node) => {
    if (node.op.op !== "forward" || node.op.reduce !== undefined) return null;
    const wanted = asked.get(key(node));
    return wanted === undefined || wanted === null ? null : { ...node, op: { ...node.op, reduce: sorted(wanted) } };
  });
}

/** What is asked of each forward pass with SAEs; null: its activations are needed whole. */
function demands(plan: Plan, asks: Asks): Map<string, Map<string, Reduction> | null> {
  const asked = new Map<string, Map<string, Reduction> | null>();
  eachDemand(plan, (pass, node) => {
    const wanted = node === null ? null : asks(node);
    const before = asked.get(key(pass));
    if (wanted === null || before === null) asked.set(key(pass), null);
    else {
      const all = before ?? new Map<string, Reduction>();
      for (const each of wanted) all.set(`${each.of}|${each.threshold}`, each);
      asked.set(key(pass), all);
    }
  });
  return asked;
}

export function reductions({ op }: Plan): readonly Reduction[] | null {
  switch (op.op) {
    case "rank":
    case "union":
      return [{ of: "features", threshold: op.threshold }];
    case "statistics":
      return [{ of: "features", threshold: op.threshold }, { of: "l0", threshold: op.threshold }];
    case "histogram":
      return [{ of: op.of === "l0" ? "l0" : "values", threshold: op.threshold }];
    case "count":
      return op.by.length === 0 ? [{ of: "features", threshold: 0 }] : null;
    default:
      return null;
  }
}

function sorted(wanted: ReadonlyMap<string, Reduction>): readonly Reduction[] {
  return [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}
