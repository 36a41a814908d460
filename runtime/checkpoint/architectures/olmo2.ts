/** Without this file OLMo 2 and 3 and FlexOlmo, whose norms stand behind attention and MLP, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, section, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { POST_NORMED_MODULES, postNormed } from "./post_normed.ts";
import { ropeOf, turned } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{olmo2,olmo3,flex_olmo}/configuration_*.py` and `modeling_*.py`). */
export const olmo2: Family = { types: ["olmo2", "olmo3", "flex_olmo"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 50304, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, tie_word_embeddings: false, attention_bias: false, rms_norm_eps: 1e-5,
};

/** What a FlexOlmo has else. */
const FLEX: JsonObject = { ...DEFAULTS, vocab_size: 100352, max_position_embeddings: 4096, rms_norm_eps: 1e-6, norm_topk_prob: false };
const EXPERTS = { count: 7, perToken: 5 };
const THETA = { olmo2: 10_000, olmo3: 500_000, flex_olmo: 500_000 } as const;
type Kind = keyof typeof THETA;

function read(given: Source): Decoder {
  const type = word(given.config, "model_type") as Kind;
  const source = withDefaults(given, type === "flex_olmo" ? FLEX : DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const layers = layerCount(config);
  const kinds = type !== "olmo3" ? new Array<LayerKind>(layers).fill("full_attention") : layerKinds(config, layers, WINDOWED, (layer) => ((layer + 1) % 4 === 0 ? "full_attention" : "sliding_attention"));
  const seen = windows(config, kinds, 4096);
  const context = size(config, "max_position_embeddings");
  const ropes = ropesOf(config, type, shape.headDim, context);
  return {
    ...rmsDecoder(source, shape),
    readBeforePostNorms: true,
    blocks: kinds.map((kind, layer) => blockOf(source, type, shape, ropes[kind], seen[layer] ?? null, layer)),
    hooks: hookFacts(shape, type === "flex_olmo" ? { ...POST_NORMED_MODULES, mlpOut: "mlp" } : POST_NORMED_MODULES),
  };
}

/**
 * OLMo 3 has parameters for each kind of layer, and of older configs `rope_scaling` and `rope_theta` are those of the layers that see everything, and of
 * no other (`configuration_olmo3.py`, `convert_rope_params_to_dict`).
 */
function ropesOf(config: Config, type: Kind, headDim: number, context: number): Readonly<Record<LayerKind, RopeSpec>> {
  const defaults = { theta: THETA[type], partial: null, context };
  if (type !== "olmo3") {
    const rope = ropeOf(config, headDim, defaults);
    return { full_attention: rope, sliding_attention: rope };
  }
  const given = section(config, "rope_parameters");
  const of = (kind: LayerKind): JsonObject => (given === null ? null : section(given, kind))?.value ?? {};
  const { rope_theta: _, ...silent } = config.value;
  const full = { file: config.file, value: { ...of("full_attention"), ...(section(config, "rope_scaling")?.value ?? {}) } };
  return {
    full_attention: turned(config, full, headDim, defaults),
    sliding_attention: turned({ ...config, value: silent }, { file: config.file, value: of("sliding_attention") }, headDim, defaults),
  };
}

/** Queries and keys of all heads are normed together. */
function blockOf(source: Source, type: Kind, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const { hiddenSize: d, heads, kvHeads, headDim } = shape;
  const bias = flag(config, "attention_bias", false);
  const activation = activationOf(config, "hidden_act", "silu");
  return postNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, {
      bias,
      outputBias: bias,
      qNorm: source.tensor(`${at}.self_attn.q_norm.weight`, [heads * headDim]),
      kNorm: source.tensor(`${at}.self_attn.k_norm.weight`, [kvHeads * headDim]),
      rope,
      window,
    }),
    mlp: type === "flex_olmo" ? mixtureOf(source, `${at}.mlp`, d, { ...choiceOf(config, EXPERTS), width: size(config, "intermediate_size"), activation, normalized: flag(config, "norm_topk_prob", false) }) : gatedMlp(source, `${at}.mlp`, d, { activation, bias: false }),
  });
}
