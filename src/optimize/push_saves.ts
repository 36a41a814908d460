/** Without this file the activations of a million texts would be held to write them to a file. */
import { savedPass } from "../ops/saved_pass.ts";
import { reduced, reductions } from "./push_aggregates.ts";
import type { Rule } from "./rule.ts";

/**
 * save(forward(T))  →  save(forward(T, keep nothing)): where all that is asked of activations are files, and figures that add up, each round
 * of texts is written and let go. Only for programs of which nobody asks what a `save` passes on.
 */
export const pushSaves: Rule = {
  name: "push the saves",
  doc: "activations are written as rounds of texts come, and let go",
  apply: (plan) => reduced(plan, (node) => (savedPass(node) === null ? reductions(node) : [])),
};
