/** Without this file every block of the model would be computed, whatever layer is asked. */
import { blocksNeeded } from "../ops/hook.ts";
import { rewrite, type Rule } from "./rule.ts";

/** forward(all blocks, hook at 7)  →  forward(blocks 0…7, hook at 7); no final norm, no lm_head */
export const cutModel: Rule = {
  name: "cut the model",
  doc: "only the blocks up to the highest layer asked are mapped and computed",
  apply: (plan) =>
    rewrite(plan, (node) => (node.op.op === "forward" && node.op.blocks === null ? { ...node, op: { ...node.op, blocks: Math.max(...node.op.taps.map(blocksNeeded)) } } : null)),
};
