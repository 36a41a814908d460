/** Without this file each family whose blocks are built and named as Llama's would name their norms and modules anew. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { normOf, type Source } from "./family.ts";
import type { BlockModules } from "./hook_modules.ts";

/** Where the hooks of such a block are. */
export const LLAMA_MODULES: BlockModules = { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp.down_proj", parallel: false };

/** A block with a norm before attention and one before the MLP, and none behind them. */
export function preNormed(source: Source, layer: number, d: number, { attention, mlp }: Pick<BlockSpec, "attention" | "mlp">): BlockSpec {
  const norm = (name: string): ReturnType<typeof normOf> => normOf(source, `layers.${layer}.${name}`, d, false);
  return { ln1: norm("input_layernorm"), attention, attentionPostNorm: null, ln2: norm("post_attention_layernorm"), mlp, mlpPostNorm: null };
}
