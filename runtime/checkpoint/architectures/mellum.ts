/** Without this file Mellum 2, a Qwen 3 with experts whose kinds of layers turn each in its own way, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { kindRope } from "./kind_ropes.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { sparseLayers } from "./mlp_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/mellum/configuration_mellum.py`, `modeling_mellum.py`). */
export const mellum: Family = { types: ["mellum"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 98304, hidden_size: 2304, intermediate_size: 7168, moe_intermediate_size: 896, num_hidden_layers: 28, num_attention_heads: 32, num_key_value_heads: 4, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 131072, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, sliding_window: 1024, norm_topk_prob: true,
};
const EXPERTS = { count: 64, perToken: 8 };
/** Positions of a config that says nothing of them. */
const POSITIONS: Readonly<Record<LayerKind, JsonObject>> = { full_attention: { rope_theta: 500_000 }, sliding_attention: { rope_theta: 10_000 } };

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const layers = layerCount(config);
  const kinds = layerKinds(config, layers, WINDOWED, () => "full_attention");
  const seen = windows(config, kinds);
  const sparse = sparseLayers(config, layers, 0);
  const ropes = new Map([...new Set(kinds)].map((kind) => [kind, kindRope(config, shape.headDim, kind, POSITIONS, false)]));
  return {
    ...rmsDecoder(source, shape),
    blocks: kinds.map((kind, layer) => blockOf(source, shape, { rope: ropes.get(kind) as RopeSpec, window: seen[layer] ?? null, chooses: sparse[layer] as boolean }, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

interface Layer {
  readonly rope: RopeSpec;
  readonly window: number | null;
  readonly chooses: boolean;
}

function blockOf(source: Source, shape: Heads, { rope, window, chooses }: Layer, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const activation = activationOf(config, "hidden_act", "silu");
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    mlp: chooses ? mixtureOf(source, `${at}.mlp`, d, { ...choiceOf(config, EXPERTS), width: size(config, "moe_intermediate_size"), activation, normalized: flag(config, "norm_topk_prob", true) }) : gatedMlp(source, `${at}.mlp`, d, { activation, bias: false }),
  });
}
