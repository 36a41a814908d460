/** Without this file the activations of a million texts would be held to count them. */
import { key } from "../ops/key.ts";
import type { Plan, Reduction } from "../ops/op.ts";
import { OPS } from "../ops/op.ts";
import { nodes, rewrite, type Rule } from "./rule.ts";

/** Ops whose value holds the very activations that come in, so that what is asked of them is asked of those. */
const CARRIES = new Set(["pick", "group"]);

/**
 * stats(forward(T))  →  stats(forward(T, keep only counts, sums and extremes)): where all that is asked of activations are figures that add
 * up, each batch is added to them and let go. Plans that show, save or keep the activations stay as they are.
 */
export const pushAggregates: Rule = {
  name: "push the aggregates",
  doc: "counts, sums and extremes are taken of each batch; the activations themselves are let go",
  apply: (plan) => {
    const asked = demands(plan);
    return rewrite(plan, (node) => {
      if (node.op.op !== "forward" || node.op.reduce !== undefined) return null;
      const wanted = asked.get(key(node));
      return wanted === undefined || wanted === null ? null : { ...node, op: { ...node.op, reduce: sorted(wanted) } };
    });
  },
};

/** What is asked of each forward pass with SAEs; null: its activations are needed whole. */
function demands(plan: Plan): Map<string, Map<string, Reduction> | null> {
  const asked = new Map<string, Map<string, Reduction> | null>();
  const ask = (node: Plan, wanted: readonly Reduction[] | null): void => {
    for (const pass of passesBelow(node)) {
      const before = asked.get(key(pass));
      if (wanted === null || before === null) asked.set(key(pass), null);
      else {
        const all = before ?? new Map<string, Reduction>();
        for (const each of wanted) all.set(`${each.of}|${each.threshold}`, each);
        asked.set(key(pass), all);
      }
    }
  };
  if (plan.schema.kind === "acts") ask(plan, null);
  for (const node of nodes(plan)) {
    if (CARRIES.has(node.op.op)) continue;
    node.inputs.forEach((input, i) => {
      // A tee hands its first input on unseen; its side shows itself.
      if (node.op.op === "tee" && (i === 0 || input.schema.kind !== "acts")) return;
      if (input.schema.kind === "acts") ask(input, reductions(node));
      if (node.op.op === "union" || node.op.op === "contexts" || (node.op.op === "rank" && input.schema.kind === "features")) askRanked(input, reductions(node), ask);
    });
  }
  return asked;
}

/** Features are counted, and looked for, in the activations that they were ranked in. */
function askRanked(node: Plan, wanted: readonly Reduction[] | null, ask: (node: Plan, wanted: readonly Reduction[] | null) => void): void {
  if (node.schema.kind === "acts") ask(node, wanted);
  else if (node.schema.kind === "features") (node.op.op === "tee" ? node.inputs.slice(0, 1) : node.inputs).forEach((input) => askRanked(input, wanted, ask));
}

/** The passes whose activations a node's value holds. */
function passesBelow(node: Plan): readonly Plan[] {
  const { op } = node;
  if (op.op === "forward") return op.taps.every((tap) => tap.sae !== null) ? [node] : [];
  if (CARRIES.has(op.op)) return node.inputs.flatMap(passesBelow);
  return OPS[op.op].passes ? passesBelow(node.inputs[0]!) : [];
}

function reductions({ op }: Plan): readonly Reduction[] | null {
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
