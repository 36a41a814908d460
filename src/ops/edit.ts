/** Without this file stages, plans and graphs would each have a list of what can be done to the model while it reads. */
import { HOOKS, type Folded, type Hook } from "./hook.ts";
import type { SaeRef, Window } from "./op.ts";
import { printWindow } from "./window.ts";

/**
 * A change of the model at one hook: x becomes x + Σ_f (value − a_f(x))·W_dec[f] for "set", x + Σ_f value·W_dec[f] for "add", the sum over `features`,
 * a_f as the SAE's convention gives it. What the SAE does not give back of x stays, as with `use_error_term` of sae_lens.
 */
export interface Edit {
  readonly layer: number;
  readonly hook: Hook;
  /** How the SAE reads the hook, as of a tap. */
  readonly centred?: true;
  readonly folded?: Folded;
  readonly sae: SaeRef;
  /** Ascending. All of them are read before any is written. */
  readonly features: readonly number[];
  readonly how: "set" | "add";
  readonly value: number;
  /** Whether special tokens are edited as well. */
  readonly special: boolean;
  /** Which tokens of each text are edited; absent: all. Places count special tokens. */
  readonly window?: Window;
}

/** The windows of edits, each once: a graph is told of each which tokens it is. */
export function windowsOf(edits: readonly Pick<Edit, "window">[]): readonly Window[] {
  return [...new Map(edits.flatMap(({ window }) => (window === undefined ? [] : [[printWindow(window), window] as const]))).values()];
}

/**
 * The same edit of a model that goes on with a text: that is the prompt, and of what stands behind it the end is not known yet. So the last tokens of all are those of
 * the prompt, and they stay so when the whole is read.
 */
export function ofPrompt<E extends Pick<Edit, "window">>(edit: E): E {
  return edit.window?.of === "all" && edit.window.last !== null ? { ...edit, window: { ...edit.window, of: "prompt" } } : edit;
}

type Place = Pick<Edit, "layer" | "hook">;

/** Before zero where a model comes by `a` before `b`. */
function byDepth(a: Place, b: Place): number {
  return a.layer - b.layer || HOOKS.indexOf(a.hook) - HOOKS.indexOf(b.hook);
}

/** Edits with another one behind them: as the model comes by them, and at one place as they are written. */
export function edited(before: readonly Edit[], more: Edit): readonly Edit[] {
  return [...before, more].sort(byDepth);
}

/** Whether what is read at `tap` depends on what is done at `edit`. In parallel blocks the MLP does not read what attention gives. */
export function reaches(edit: Place, tap: Place, parallel: boolean): boolean {
  if (byDepth(edit, tap) > 0) return false;
  const besides = parallel && edit.layer === tap.layer && (edit.hook === "z" || edit.hook === "attn_out");
  return !(besides && (tap.hook === "ln2_normalized" || tap.hook === "mlp_in" || tap.hook === "mlp_out"));
}

/** `ablate feature 88, 1034 layer 7`: as it would be written, for plans and headers. */
export function printEdit({ layer, hook, features, how, value, special, window }: Edit): string {
  const name = how === "set" && value === 0 ? "ablate" : "steer";
  const amount = name === "ablate" ? "" : how === "add" ? ` scale ${value}` : ` to ${value}`;
  return `${name} feature ${features.join(", ")} layer ${layer}${hook === "resid_post" ? "" : ` hook ${hook}`}${amount}${window === undefined ? "" : ` ${printWindow(window)}`}${special ? " special" : ""}`;
}

/** The same of several, in their order. */
export function printEdits(edits: readonly Edit[]): string {
  return edits.map(printEdit).join(", then ");
}
