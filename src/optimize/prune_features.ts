/** Without this file a question about one feature of an SAE would compute all hundred thousand. */
import { key } from "../ops/key.ts";
import type { Plan } from "../ops/op.ts";
import { eachDemand } from "./demands.ts";
import { rewrite, type Rule } from "./rule.ts";

/**
 * contexts(features 12, 40, forward(T → S))  →  contexts(features 12, 40, forward(T → S, only 12, 40)): where all that is asked of activations
 * are features named in the query. More than those may be there: whoever asks looks for its own.
 */
export const pruneFeatures: Rule = {
  name: "prune the features",
  doc: "of a large SAE only the features named are computed, from their own columns of the encoder",
  apply: (plan) => {
    const asked = new Map<string, Set<number> | null>();
    eachDemand(plan, (pass, node) => {
      const wanted = named(node);
      const before = asked.get(key(pass));
      asked.set(key(pass), wanted === null || before === null ? null : new Set([...(before ?? []), ...wanted]));
    });
    return rewrite(plan, (node) => {
      if (node.op.op !== "forward" || node.op.reduce !== undefined) return null;
      const wanted = asked.get(key(node));
      if (wanted === undefined || wanted === null) return null;
      const features = [...wanted].sort((a, b) => a - b);
      if (node.op.taps.every((tap) => tap.features?.join() === features.join())) return null;
      return { ...node, op: { ...node.op, taps: node.op.taps.map((tap) => ({ ...tap, features })) } };
    });
  },
};

/** The features that a node asks for by number; null: others too. */
function named(node: Plan | null): readonly number[] | null {
  return node?.op.op === "contexts" || node?.op.op === "rows" ? node.op.features : null;
}
