/** Without this file each family that grew from GPT-2 would read the sizes that this one calls by names of its own. */
import { sizeUnder, type Config } from "../config.ts";
import { contradiction, layerCount } from "./family.ts";
import type { Heads } from "./heads.ts";

/** What a family takes them to be where its config says nothing. */
export interface GptDefaults {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly layers: number;
  readonly context: number;
}

/** `n_embd`, `n_head`, `n_layer` and `n_positions`, or the names that stand for them (`attribute_map` of transformers); heads with keys of their own. */
export function gptSizes(config: Config, defaults: GptDefaults): { readonly shape: Heads; readonly layers: number; readonly context: number } {
  const hiddenSize = sizeUnder(config, "n_embd", "hidden_size", defaults.hiddenSize);
  const heads = sizeUnder(config, "n_head", "num_attention_heads", defaults.heads);
  if (hiddenSize % heads !== 0) throw contradiction(config, "n_embd", `which ${heads} heads do not divide`);
  const layers = layerCount({ ...config, value: { ...config.value, n_layer: sizeUnder(config, "n_layer", "num_hidden_layers", defaults.layers) } }, "n_layer");
  return { shape: { hiddenSize, heads, kvHeads: heads, headDim: hiddenSize / heads }, layers, context: sizeUnder(config, "n_positions", "max_position_embeddings", defaults.context) };
}
