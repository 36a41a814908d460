/** Without this file the last block and the SAE would work on tokens that nobody asked for. */
import { rewrite, type Rule } from "./rule.ts";

/** slice(last 50, forward(T))  →  forward(T, gather the wanted rows after the last attention, before its output, MLP and SAE) */
export const pushSlice: Rule = {
  name: "push the slice",
  doc: "wanted positions are gathered inside the last block, before its output, its MLP and the SAE",
  apply: (plan) =>
    rewrite(plan, (node) => (node.op.op === "forward" && node.op.slice === "after" ? { ...node, op: { ...node.op, slice: "inside" } } : null)),
};
