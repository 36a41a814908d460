/** Without this file the first GPT could not be read. */
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { size, word, type Config } from "../config.ts";
import { aroundGpt } from "./around_blocks.ts";
import { normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { conv } from "./gpt2.ts";
import { gptSizes } from "./gpt_sizes.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const openaiGpt: Family = { types: ["openai-gpt"], embedding: "tokens_embed.weight", read };

/** What it calls gelu is the tanh form (`ACT_FNS`). */
const ACTIVATIONS = { gelu: "gelu_tanh", relu: "relu", silu: "silu", swish: "silu" } as const;

/** transformers 5.24 `models/openai/modeling_openai.py`, `configuration_openai.py`: the stream itself is normed, behind attention and MLP, and the head reads it as it is. */
function read(source: Source): Decoder {
  const { config } = source;
  const { shape, layers, context } = gptSizes(config, { hiddenSize: 768, heads: 12, layers: 12, context: 512 });
  const { hiddenSize } = shape;
  const vocabulary = size(config, "vocab_size", 40478);
  const activation = activationOf(config);
  return {
    architecture: "openai-gpt",
    ...shape,
    ...aroundGpt(source, hiddenSize, { vocabulary, context, embed: "tokens_embed.weight", positions: "positions_embed.weight" }),
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, activation, layer)),
    finalNorm: null,
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: null, ln2: null, o: "attn.c_proj", attentionOut: "attn.c_proj", mlpOut: "mlp.c_proj", parallel: false, streamNormedBy: { attention: "ln_1", mlp: "ln_2" } }),
  };
}

function activationOf(config: Config): (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS] {
  const name = word(config, "afn", "gelu");
  if (!Object.hasOwn(ACTIVATIONS, name)) throw unsupported(config, "afn", `computed are ${Object.keys(ACTIVATIONS).join(", ")}`);
  return ACTIVATIONS[name as keyof typeof ACTIVATIONS];
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, activation: ReturnType<typeof activationOf>, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const norm = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, true);
  return {
    ln1: null,
    attention: { kind: "softmax", qkv: { kind: "thirds", all: conv(source, `${at}.attn.c_attn`, d, 3 * d) }, o: conv(source, `${at}.attn.c_proj`, d, d), qNorm: null, kNorm: null, rope: null, window: null, scale: 1 / Math.sqrt(headDim) },
    attentionPostNorm: null,
    ln2: null,
    mlp: { kind: "plain", activation, up: conv(source, `${at}.mlp.c_fc`, d, 4 * d), down: conv(source, `${at}.mlp.c_proj`, 4 * d, d) },
    mlpPostNorm: null,
    streamNorms: { attention: norm("ln_1"), mlp: norm("ln_2") },
  };
}
