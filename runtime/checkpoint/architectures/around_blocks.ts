/** Without this file each family that keeps its embedding and its head under Llama's names would spell them out. */
import { flag, size } from "../config.ts";
import type { Decoder, Source } from "./family.ts";

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
