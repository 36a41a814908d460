/** Without this file an SAE could not say which layer and which hook it belongs to. */
import type { HookPlace } from "../../src/emit/sae_specs.ts";
import { HOOK_NAMES, HOOKS } from "../../src/ops/hook.ts";

/** What a module of a transformers model gives out, as a TransformerLens name; `<L>` is the layer. */
const MODULES: readonly (readonly [RegExp, string])[] = [
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)(?:\.output)?$/, "hook_resid_post"],
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.self_attn\.o_proj\.input$/, "attn.hook_z"],
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.(?:post_feedforward_layernorm|post_mlp_layernorm)(?:\.output)?$/, "hook_mlp_out"],
  // In Gemma 2 and 3 what is added to the stream; elsewhere a norm before the MLP, which `normedModule` lets the model tell.
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.(?:post_attention_layernorm|post_self_attn_layernorm)(?:\.output)?$/, "hook_attn_out"],
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.(?:mlp|feed_forward|block_sparse_moe)(?:\.output)?$/, "hook_mlp_out"],
  // In Gemma the norm before the MLP, whose output goes nowhere else.
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.(?:(?:mlp|feed_forward)\.input|pre_feedforward_layernorm(?:\.output)?)$/, "mlp.hook_in"],
  [/^(?:model\.|transformer\.|gpt_neox\.|language_model\.model\.)?(?:language_model\.|decoder\.)?(?:layers|h)\.(\d+)\.(?:self_attn|self_attention|linear_attn|conv|attention|attn|attn\.attention)(?:\.output)?$/, "hook_attn_out"],
];

/** The layer and the hook of a TransformerLens name, null where saeq has no such hook; sae_lens finds layers the same way (`util.extract_layer_from_tlens_hook_name`). */
export function parseHookName(name: string): HookPlace {
  const layer = /\.(\d+)(?:\.|$)/.exec(name)?.[1];
  const below = /^blocks\.\d+\.(.+)$/.exec(name)?.[1];
  return { layer: layer === undefined ? null : Number(layer), hook: HOOKS.find((hook) => HOOK_NAMES[hook] === below) ?? null, hookName: name };
}

/**
 * The place of a transformers module path (`model.layers.7`, `layers.7.mlp`, `model.layers.7.self_attn.o_proj.input`), which sparsify and
 * Gemma Scope 2 use. What no TransformerLens name is known for keeps its own name and has no hook.
 */
export function parseModulePath(path: string): HookPlace {
  for (const [pattern, name] of MODULES) {
    const layer = pattern.exec(path)?.[1];
    if (layer !== undefined) return parseHookName(`blocks.${layer}.${name}`);
  }
  return parseHookName(path);
}

/** The module of a block whose output such a path names, where it is one that some models norm before they add it, have in some layers only or use elsewhere. */
export function normedModule(path: string): string | null {
  const module = /\d+\.(mlp|block_sparse_moe|feed_forward|self_attn|self_attention|linear_attn|conv|attention|attn|attn\.attention|post_attention_layernorm|post_feedforward_layernorm|post_self_attn_layernorm|post_mlp_layernorm)(?:\.output)?$/.exec(path)?.[1] ?? null;
  // Of several families it is what publishers call the module that transformers calls `mlp`.
  return module === "block_sparse_moe" ? "block_sparse_moe|mlp" : module;
}
