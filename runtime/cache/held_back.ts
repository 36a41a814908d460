/** Without this file what a model with a broken weight gave could become an answer, before anybody found the weight. */
import type { ActivationStore } from "./activation_store.ts";

/** A store that takes nothing until `release`: what is computed with a weight that is no number must never be an answer. */
export function heldBack(store: ActivationStore): { readonly store: ActivationStore; readonly release: () => void } {
  let waiting: (() => void)[] | null = [];
  const later = (keep: () => void): void => {
    if (waiting === null) keep();
    else waiting.push(keep);
  };
  return {
    store: { ...store, set: (...kept) => later(() => store.set(...kept)), keepContinuation: (...kept) => later(() => store.keepContinuation(...kept)) },
    release: () => {
      const held = waiting ?? [];
      waiting = null;
      for (const keep of held) keep();
    },
  };
}
