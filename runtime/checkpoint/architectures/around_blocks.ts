/** Without this file each family that keeps its embedding and its head under Llama's names would spell them out. */
import { flag, positive, size, word } from "../config.ts";
import { normOf, type Decoder, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";

/** What stands before and behind the blocks; whether the head is tied where nothing is said is for `withDefaults`. */
export function aroundBlocks(source: Source, hiddenSize: number): Pick<Decoder, "softcap" | "vocabulary" | "context" | "embed" | "embedScale" | "positions" | "lmHead" | "lmHeadBias"> {
  const { config } = source;
  const vocabulary = size(config, "vocab_size");
  return {
    softcap: null,
    vocabulary,
    context: size(config, "max_position_embeddings"),
    embed: source.tensor("embed_tokens.weight", [vocabulary, hiddenSize]),
    embedScale: null,
    positions: null,
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
  };
}

/** The same of the first GPTs: LayerNorms, an embedding and positions that were learned, both under names of their own, and a head that is tied where nothing is said. */
export function aroundGpt(
  source: Source,
  hiddenSize: number,
  { vocabulary, context, embed, positions }: { readonly vocabulary: number; readonly context: number; readonly embed: string; readonly positions: string },
): Pick<Decoder, "norm" | "softcap" | "residual" | "vocabulary" | "context" | "embed" | "embedScale" | "positions" | "lmHead" | "lmHeadBias"> {
  const { config } = source;
  return {
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor(embed, [vocabulary, hiddenSize]),
    embedScale: null,
    positions: source.tensor(positions, [context, hiddenSize]),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
  };
}

/** A decoder but for its blocks and hooks, whose norms are RMS norms and whose halves follow one another, as Llama's. */
export function rmsDecoder(source: Source, shape: Heads): Omit<Decoder, "blocks" | "hooks"> {
  const { config } = source;
  return {
    architecture: word(config, "model_type"),
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps"), offset: 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    residual: "sequential",
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
  };
}
