/** Without this file the residual would leave the engine only to be sent back for encoding. */
import type { Plan } from "../ops/op.ts";
import { rewrite, type Rule } from "./rule.ts";

/** encode(S, forward(taps: [layer]))  →  forward(taps: [layer → S]); the residual never leaves the graph */
export const fuseEncode: Rule = {
  name: "fuse the encoder",
  doc: "model and SAE become one graph; only active features leave it",
  apply: (plan) =>
    rewrite(plan, (node): Plan | null => {
      const input = node.inputs[0];
      if (node.op.op !== "encode" || input === undefined || input.op.op !== "forward") return null;
      if (input.op.taps.some((tap) => tap.sae !== null)) return null;
      const saes = node.op.saes;
      return { ...node, op: { ...input.op, taps: input.op.taps.map((tap, i) => ({ ...tap, sae: saes[i]! })) }, inputs: input.inputs };
    }),
};
