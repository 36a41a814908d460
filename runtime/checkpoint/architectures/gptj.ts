/** Without this file GPT-J and CodeGen could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, word, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { contradiction, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { gptSizes } from "./gpt_sizes.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const gptj: Family = { types: ["gptj", "codegen"], embedding: "wte.weight", read };

/** Parts of the heads whose queries, values and keys a CodeGen keeps together, one for each processor that it was trained on (`mp_num`). */
const SHARDS = 4;

/** transformers 5.24 `models/{gptj,codegen}/modeling_*.py`, `configuration_*.py`: one norm before both halves of a parallel block, pairs of neighbours turn, and the head has a bias. */
function read(source: Source): Decoder {
  const { config } = source;
  const { shape, layers, context } = gptSizes(config, { hiddenSize: 4096, heads: 16, layers: 28, context: 2048 });
  const { hiddenSize } = shape;
  if (word(config, "model_type") === "codegen" && hiddenSize % SHARDS !== 0) throw contradiction(config, "n_embd", `which is not divided by ${SHARDS}`);
  const rope = ropeOf(config, shape.headDim);
  const vocabulary = size(config, "vocab_size", 50400);
  return {
    architecture: word(config, "model_type"),
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "parallel",
    vocabulary,
    context,
    embed: source.tensor("wte.weight", [vocabulary, hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: normOf(source, "ln_f", hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: source.head(["lm_head.bias"], [vocabulary]),
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: "ln_1", ln2: null, o: "attn.out_proj", attentionOut: "attn.out_proj", mlpOut: "mlp.fc_out", parallel: true }),
  };
}

/** The base is 10000 whatever the config says; `rotary_dim` columns turn. */
function ropeOf(config: Config, headDim: number): RopeSpec {
  if (Object.hasOwn(config.value, "rotary_dim") && optional(config, "rotary_dim") === null) throw unsupported(config, "rotary_dim", "transformers then makes tables as wide as the stream, and no head is");
  const dimensions = size(config, "rotary_dim", 64);
  if (dimensions > headDim) throw contradiction(config, "rotary_dim", `and a head has ${headDim} columns`);
  if (dimensions % 2 !== 0) throw unsupported(config, "rotary_dim", "columns turn in pairs");
  return { theta: 10000, dimensions, interleaved: true, scaling: { kind: "none" } };
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const mlpSize = size(source.config, "n_inner", 4 * d);
  const part = (name: string, out = d): ReturnType<typeof linear> => linear(source, `${at}.attn.${name}_proj`, out, d, false);
  const sharded = word(source.config, "model_type") === "codegen";
  return {
    ln1: normOf(source, `${at}.ln_1`, d, true),
    attention: { kind: "softmax", qkv: sharded ? { kind: "shards", all: part("qkv", 3 * d), count: SHARDS } : { kind: "separate", q: part("q"), k: part("k"), v: part("v") }, o: part("out"), qNorm: null, kNorm: null, rope, window: null, scale: 1 / Math.sqrt(headDim) },
    attentionPostNorm: null,
    ln2: null,
    mlp: { kind: "plain", activation: activationOf(source.config, "activation_function", "gelu_new"), up: linear(source, `${at}.mlp.fc_in`, mlpSize, d, true), down: linear(source, `${at}.mlp.fc_out`, d, mlpSize, true) },
    mlpPostNorm: null,
  };
}
