/** Without this file words, SAE names, rules and graphs would each have a list of the places a model is read at. */

/**
 * Places inside a block, in the order in which a sequential block computes them. The meaning of each is TransformerLens' (`components/
 * transformer_block.py`), that of `mlp_in` sae_lens' and circuit-tracer's, whose transcoders read it: what goes into the MLP, after the norm's
 * weight. Where a block has no such place (`resid_mid` of a parallel block) it is absent, never substituted.
 */
export const HOOKS = ["resid_pre", "ln1_normalized", "z", "attn_out", "resid_mid", "ln2_normalized", "mlp_in", "mlp_out", "resid_post"] as const;

export type Hook = (typeof HOOKS)[number];

/** TransformerLens' name of each below `blocks.{layer}.`, which SAEs carry in their configs. */
export const HOOK_NAMES: Readonly<Record<Hook, string>> = {
  resid_pre: "hook_resid_pre",
  ln1_normalized: "ln1.hook_normalized",
  z: "attn.hook_z",
  attn_out: "hook_attn_out",
  resid_mid: "hook_resid_mid",
  ln2_normalized: "ln2.hook_normalized",
  mlp_in: "mlp.hook_in",
  mlp_out: "hook_mlp_out",
  resid_post: "hook_resid_post",
};

/** Blocks of the model that a hook needs: none of its own block where it only reads what goes in. */
export function blocksNeeded(tap: { readonly layer: number; readonly hook: Hook }): number {
  return tap.hook === "resid_pre" || tap.hook === "ln1_normalized" ? tap.layer : tap.layer + 1;
}

/** Blocks that a pass computes: as many as it was cut to, else those that its taps need. */
export function blocksOf({ blocks, taps }: { readonly blocks: number | null; readonly taps: readonly { readonly layer: number; readonly hook: Hook }[] }): number {
  return blocks ?? Math.max(0, ...taps.map(blocksNeeded));
}

/** Hooks in the order in which people meet them: help, completion and the reference. */
export const HOOK_WORDS = ["resid_post", "resid_mid", "resid_pre", "mlp_out", "attn_out", "z", "mlp_in", "ln1_normalized", "ln2_normalized"] as const satisfies readonly Hook[];

/** Those whose value the model goes on with: what a norm makes before its weight is computed beside the stream. */
export const EDITED_HOOKS = ["resid_post", "resid_mid", "resid_pre", "mlp_out", "attn_out", "z", "mlp_in"] as const satisfies readonly Hook[];

/**
 * What is taken off the heads' outputs: their value biases (`fold_value_biases` of TransformerLens), or those as they are once the norm before has
 * been folded into them (`fold_ln` as well).
 */
export type Folded = "values" | "with_norm";

/** Whether a hook is the residual stream or what is added to it: what `center_writing_weights` of TransformerLens centres. */
export function writesStream(hook: Hook): boolean {
  return hook !== "z" && hook !== "mlp_in" && hook !== "ln1_normalized" && hook !== "ln2_normalized";
}

/** The module of transformers that a hook of one layer is; null where there is none. */
export function moduleOf(hooks: HookFacts, { layer, hook }: { readonly layer: number; readonly hook: Hook }): string | null {
  const fact = hooks[hook];
  return fact.state === "present" ? inLayer(fact, layer).replace("{layer}", String(layer)) : null;
}

/**
 * What a hook of one model is: the module of transformers whose value it is, with `{layer}` for the number, and its width; or why there is none. `modules`:
 * the module of each layer, where they differ; `widths`: its width there. `normedBy`: the module that norms it on its way into the residual stream.
 */
export type HookFact =
  | { readonly state: "present"; readonly module: string; readonly width: number; readonly modules?: readonly string[]; readonly widths?: readonly number[]; readonly normedBy?: string }
  | { readonly state: "absent"; readonly why: string };

export type HookFacts = Readonly<Record<Hook, HookFact>>;

/** Numbers of one position at a hook of one layer. */
export function widthIn(fact: HookFact & { readonly state: "present" }, layer: number): number {
  return fact.widths?.[layer] ?? fact.width;
}

function inLayer(fact: HookFact & { readonly state: "present" }, layer: number): string {
  return fact.modules?.[layer] ?? fact.module;
}

/** Whether a hook of one layer is what a module of the block, or one of several with `|` between, gives out: in models that norm that first it is not. True where no module is named. */
export function isOutputOf(module: string | null, fact: HookFact, layer: number): boolean {
  return module === null || fact.state !== "present" || new RegExp(`\\.(?:${module.replaceAll(".", "\\.")})(?:\\.\\w+)* output$`).test(inLayer(fact, layer));
}
