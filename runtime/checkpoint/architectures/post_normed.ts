/** Without this file families whose norms stand behind attention and MLP, and nowhere else, would name norms and modules anew. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { normOf, type Source } from "./family.ts";
import type { BlockModules } from "./hook_modules.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";

/** Where the hooks of such a block are: before the norms, where TransformerLens has those of OLMo 2 (`components/transformer_block.py`). */
export const POST_NORMED_MODULES: BlockModules = { ...LLAMA_MODULES, ln1: null, ln2: null, normedBy: { attention: "post_attention_layernorm", mlp: "post_feedforward_layernorm" } };

/** A block whose attention and MLP read the stream as it is, with a norm behind each. */
export function postNormed(source: Source, layer: number, d: number, { attention, mlp }: Pick<BlockSpec, "attention" | "mlp">): BlockSpec {
  const norm = (name: string): ReturnType<typeof normOf> => normOf(source, `layers.${layer}.${name}`, d, false);
  return { ln1: null, attention, attentionPostNorm: norm("post_attention_layernorm"), ln2: null, mlp, mlpPostNorm: norm("post_feedforward_layernorm") };
}
