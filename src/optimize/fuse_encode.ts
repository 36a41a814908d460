/** Without this file the residual would leave the engine only to be sent back for encoding. */
import { key } from "../ops/key.ts";
import type { Plan } from "../ops/op.ts";
import { nodes, rewrite, type Rule } from "./rule.ts";

/** Passes whose residuals are read by something else than an encoder: they leave the graph anyway, and are not run twice. */
function readElsewhere(plan: Plan): ReadonlySet<string> {
  return new Set(nodes(plan).flatMap((node) => (node.op.op === "encode" ? [] : node.inputs.filter((input) => input.op.op === "forward").map(key))));
}

/** encode(S, forward(taps: [layer]))  →  forward(taps: [layer → S]); the residual never leaves the graph, unless it is wanted itself */
export const fuseEncode: Rule = {
  name: "fuse the encoder",
  doc: "model and SAE become one graph; only active features leave it",
  apply: (plan) => {
    const kept = readElsewhere(plan);
    return rewrite(plan, (node): Plan | null => {
      const input = node.inputs[0];
      if (node.op.op !== "encode" || input === undefined || input.op.op !== "forward") return null;
      if (input.op.taps.some((tap) => tap.sae !== null) || kept.has(key(input))) return null;
      const saes = node.op.saes;
      return { ...node, op: { ...input.op, taps: input.op.taps.map((tap, i) => ({ ...tap, sae: saes[i]! })) }, inputs: input.inputs };
    });
  },
};
