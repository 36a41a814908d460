/** Without this file every block of the model would be computed, whatever layer is asked. */
import { rewrite, type Rule } from "./rule.ts";

/** Blocks that a tap needs: those up to its layer, without that one for what goes into it. */
export function blocksFor(taps: readonly { readonly layer: number; readonly hook: string }[]): number {
  return Math.max(...taps.map((tap) => (tap.hook === "resid_pre" ? tap.layer : tap.layer + 1)));
}

/** forward(all blocks, hook at 7)  →  forward(blocks 0…7, hook at 7); no final norm, no lm_head */
export const cutModel: Rule = {
  name: "cut the model",
  doc: "only the blocks up to the highest layer asked are mapped and computed",
  apply: (plan) =>
    rewrite(plan, (node) => (node.op.op === "forward" && node.op.blocks === null ? { ...node, op: { ...node.op, blocks: blocksFor(node.op.taps) } } : null)),
};
