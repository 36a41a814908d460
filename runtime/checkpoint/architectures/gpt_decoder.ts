/** Without this file GPT-2 and GPT-BigCode would spell out the same embedding, positions, norms and head. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, size, word } from "../config.ts";
import { aroundGpt } from "./around_blocks.ts";
import { normOf, unsupported, type Decoder, type Source } from "./family.ts";
import { gptSizes } from "./gpt_sizes.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

/** A decoder under GPT-2's names and with its defaults; `headsOf` says what becomes of its heads, `blockOf` how its blocks are kept. */
export function gptDecoder(source: Source, headsOf: (apart: Heads) => Heads, blockOf: (source: Source, shape: Heads, layer: number) => BlockSpec): Decoder {
  const { config } = source;
  if (flag(config, "add_cross_attention", false)) throw unsupported(config, "add_cross_attention", "a text is all that is read");
  const { shape: apart, layers, context } = gptSizes(config, { hiddenSize: 768, heads: 12, layers: 12, context: 1024 });
  const shape = headsOf(apart);
  const { hiddenSize } = shape;
  const vocabulary = size(config, "vocab_size", 50257);
  return {
    architecture: word(config, "model_type"),
    ...shape,
    ...aroundGpt(source, hiddenSize, { vocabulary, context, embed: "wte.weight", positions: "wpe.weight" }),
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, layer)),
    finalNorm: normOf(source, "ln_f", hiddenSize, true),
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: "ln_1", ln2: "ln_2", o: "attn.c_proj", attentionOut: "attn.c_proj", mlpOut: "mlp.c_proj", parallel: false }),
  };
}
