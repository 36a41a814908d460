/** Without this file Command R, R7B and A, and Aya, which are Cohere's, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { layerCount, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{cohere,cohere2}/configuration_*.py` and `modeling_*.py`). */
export const cohere: Family = { types: ["cohere", "cohere2"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = { vocab_size: 256000, hidden_size: 8192, intermediate_size: 22528, num_hidden_layers: 40, num_attention_heads: 64, max_position_embeddings: 8192 };
const WINDOW = 4096;

/** One LayerNorm without a bias before both halves of a parallel block; pairs of neighbours turn, of the second generation in layers with a window alone. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const type = word(config, "model_type");
  const shape = headsOf(config);
  const context = size(config, "max_position_embeddings");
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: type === "cohere" ? 500_000 : 10_000, partial: null, context }), interleaved: true };
  const kinds = kindsOf(config, type);
  const seen = windows(config, kinds, WINDOW);
  const vocabulary = size(config, "vocab_size");
  const scale = positive(config, "logit_scale", 0.0625);
  return {
    architecture: type,
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps", 1e-5), offset: 0 },
    softcap: null,
    residual: "parallel",
    vocabulary,
    context,
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: kinds.map((kind, layer) => blockOf(source, type, shape, type === "cohere" || kind === "sliding_attention" ? rope : null, seen[layer] ?? null, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    ...(scale === 1 ? {} : { logitScale: scale }),
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: null, o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp.down_proj", parallel: true }),
  };
}

/** Of the second generation every fourth layer sees everything, where nothing else is said; of the first all do. */
function kindsOf(config: Config, type: string): readonly LayerKind[] {
  const layers = layerCount(config);
  if (type === "cohere") return new Array<LayerKind>(layers).fill("full_attention");
  const every = size(config, "sliding_window_pattern", 4);
  return layerKinds(config, layers, WINDOWED, (layer) => ((layer + 1) % every === 0 ? "full_attention" : "sliding_attention"));
}

function blockOf(source: Source, type: string, shape: Heads, rope: RopeSpec | null, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const normed = type === "cohere" && flag(config, "use_qk_norm", false);
  const headNorm = (name: string, heads: number): ReturnType<Source["tensor"]> | null => (normed ? source.tensor(`${at}.self_attn.${name}.weight`, [heads, shape.headDim]) : null);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, shape.hiddenSize, false),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("q_norm", shape.heads), kNorm: headNorm("k_norm", shape.kvHeads), rope, window }),
    attentionPostNorm: null,
    ln2: null,
    mlp: gatedMlp(source, `${at}.mlp`, shape.hiddenSize, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
    mlpPostNorm: null,
  };
}
