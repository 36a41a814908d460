/** Without this file two layers of the same texts would run the model twice. */
import { key } from "../ops/key.ts";
import type { Plan, Tap } from "../ops/op.ts";
import { nodes, rewrite, type Rule } from "./rule.ts";

/** What must be equal for two forward passes to be one: everything but the taps, which all give features or all give vectors. */
function passOf(node: Plan): string | null {
  const { op } = node;
  if (op.op !== "forward") return null;
  return JSON.stringify([op.model, op.window, op.blocks, op.slice, op.edits ?? null, op.taps.some((tap) => tap.sae !== null), node.inputs.map(key)]);
}
const tapKey = (tap: Tap): string => JSON.stringify([tap.layer, tap.hook, tap.centred ?? false, tap.folded ?? null, tap.sae]);

/** forward(layer 5, T) … forward(layer 7, T)  →  p = forward(layers 5, 7, T); pick(p, 0) … pick(p, 1) */
export const shareForward: Rule = {
  name: "share the forward",
  doc: "several layers of the same texts are read in one pass",
  apply: (plan) => {
    const passes = new Map<string, Plan[]>();
    for (const node of nodes(plan)) {
      const pass = passOf(node);
      if (pass !== null) passes.set(pass, [...(passes.get(pass) ?? []), node]);
    }
    const shared = new Map<string, { readonly merged: Plan; readonly index: ReadonlyMap<string, number> }>();
    for (const [pass, members] of passes) {
      const taps = new Map<string, Tap>();
      for (const member of members) if (member.op.op === "forward") for (const tap of member.op.taps) taps.set(tapKey(tap), tap);
      const first = members[0]!;
      if (first.op.op !== "forward" || members.every((member) => member.op.op === "forward" && member.op.taps.length === taps.size)) continue;
      const ordered = [...taps.values()].sort((a, b) => a.layer - b.layer || (tapKey(a) < tapKey(b) ? -1 : 1));
      shared.set(pass, {
        merged: { ...first, op: { ...first.op, taps: ordered }, schema: { ...first.schema, layers: ordered.map((tap) => tap.layer) }, label: members.map((member) => member.label).join(" + ") },
        index: new Map(ordered.map((tap, i) => [tapKey(tap), i])),
      });
    }
    if (shared.size === 0) return null;
    return rewrite(plan, (node) => {
      const found = node.op.op === "forward" ? shared.get(passOf(node)!) : undefined;
      if (found === undefined || node.op.op !== "forward") return null;
      return { ...node, op: { op: "pick", taps: node.op.taps.map((tap) => found.index.get(tapKey(tap))!) }, inputs: [found.merged] };
    });
  },
};
