/** Without this file each rule would find out by itself who reads the activations of a pass of the model. */
import type { Plan } from "../ops/op.ts";
import { OPS } from "../ops/op.ts";
import { nodes } from "./rule.ts";

/** Ops whose value holds the very activations that come in, so that what is asked of them is asked of those. */
const CARRIES = new Set(["pick", "group"]);

/**
 * Tell of each forward pass with SAEs who asks something of its activations: the node, or null where they are the result itself. Ranked
 * features are counted, and looked for, in the activations that they were ranked in. A `save` asks for what it writes, and where it
 * is the last stage nobody asks for more.
 */
export function eachDemand(plan: Plan, tell: (pass: Plan, asks: Plan | null) => void): void {
  const ask = (node: Plan, asks: Plan | null): void => passesBelow(node).forEach((pass) => tell(pass, asks));
  const askRanked = (node: Plan, asks: Plan, seen = new Set<Plan>()): void => {
    if (seen.size === seen.add(node).size) return;
    if (node.schema.kind === "acts") ask(node, asks);
    else if (node.schema.kind === "features") (node.op.op === "tee" ? node.inputs.slice(0, 1) : node.inputs).forEach((input) => askRanked(input, asks, seen));
  };
  if (plan.schema.kind === "acts" && plan.op.op !== "save") ask(plan, null);
  for (const node of nodes(plan)) {
    if (CARRIES.has(node.op.op)) continue;
    node.inputs.forEach((input, i) => {
      // A tee hands its first input on unseen; its side shows itself.
      if (node.op.op === "tee" && (i === 0 || input.schema.kind !== "acts")) return;
      if (input.op.op === "save" && (node.op.op === "tee" || node.op.op === "explain")) return;
      if (input.schema.kind === "acts") ask(input, node);
      if (node.op.op === "union" || node.op.op === "contexts" || (node.op.op === "rank" && input.schema.kind === "features")) askRanked(input, node);
    });
  }
}

/** The passes whose activations a node's value holds. */
function passesBelow(node: Plan): readonly Plan[] {
  const { op } = node;
  if (op.op === "forward") return op.taps.every((tap) => tap.sae !== null) ? [node] : [];
  if (CARRIES.has(op.op)) return node.inputs.flatMap(passesBelow);
  return OPS[op.op].passes ? passesBelow(node.inputs[0]!) : [];
}
