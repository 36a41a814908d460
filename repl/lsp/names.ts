/** Without this file an editor could not complete the names of models and SAEs. */
import type { CompleteContext } from "../../src/assist/complete.ts";
import { checkpointsAtHand, type CheckpointAtHand } from "../../runtime/catalog/checkpoints_at_hand.ts";
import { checkpointNames } from "../../runtime/registry/names.ts";

/** What came to the hub's cache in the meantime is found after this long. */
const KEEP_MS = 30_000;

let kept: { readonly at: number; readonly found: readonly CheckpointAtHand[] } | null = null;

function atHand(): readonly CheckpointAtHand[] {
  if (kept === null || Date.now() - kept.at > KEEP_MS) kept = { at: Date.now(), found: checkpointsAtHand() };
  return kept.found;
}

/** Models and SAEs that a line can name. Folders are looked through only where such a name can stand. */
export function namesFor(line: string): Pick<CompleteContext, "models" | "saes" | "checkpoints"> {
  const found = /\bset\b/.test(line) ? atHand() : [];
  const names = (kind: "model" | "sae"): string[] => found.filter((each) => each.kind === kind).map(({ name }) => name);
  return { models: names("model"), saes: names("sae"), checkpoints: checkpointNames };
}
