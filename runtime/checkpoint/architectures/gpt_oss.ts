/** Without this file gpt-oss, and so its SAEs, could not be read. */
import type { ExpertLinear, PairedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, PackedRef, TensorRef, WeightRef } from "../../../src/emit/specs.ts";
import { flag, optional, positive, section, size, type Config } from "../config.ts";
import { choiceOf } from "./experts.ts";
import { contradiction, layerCount, linear, normOf, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { ropeOf, turned } from "./rope.ts";

/** How its publisher keeps the experts: 32 numbers of a row in sixteen bytes, and a power of two that they share. */
const PACKED = "mxfp4";
const [BLOCK, BYTES] = [32, 16] as const;

/** Defaults and arithmetic of transformers 5.24 (`models/gpt_oss/configuration_gpt_oss.py`, `modeling_gpt_oss.py`, `integrations/mxfp4.py`). */
export const gptOss: Family = { types: ["gpt_oss"], embedding: "embed_tokens.weight", quantized: [PACKED], read };

const CONTEXT = 131072;
/** Positions of a config that says nothing of them. */
const YARN = { rope_type: "yarn", factor: 32, beta_fast: 32, beta_slow: 1, truncate: false, original_max_position_embeddings: 4096 };

function read(source: Source): Decoder {
  const { config } = source;
  const shape = headsOf(config, 64, 8, 64);
  const kinds = layerKinds(config, layerCount(config), WINDOWED, (layer) => (layer % 2 === 0 ? "sliding_attention" : "full_attention"));
  const seen = windows(config, kinds, 128);
  const rope = positionsOf(config, shape.headDim);
  const vocabulary = size(config, "vocab_size", 201088);
  return {
    architecture: "gpt_oss",
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", CONTEXT),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: seen.map((window, layer) => blockOf(source, shape, rope, window, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp", parallel: false }),
  };
}

function positionsOf(config: Config, headDim: number): RopeSpec {
  const defaults = { theta: 150000, partial: null, context: CONTEXT };
  const said = ["rope_scaling", "rope_parameters"].some((key) => section(config, key) !== null);
  return said ? ropeOf(config, headDim, defaults) : turned(config, { file: config.file, value: YARN }, headDim, defaults);
}

function blockOf(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const bias = flag(source.config, "attention_bias", true);
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, width, d, bias);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: {
      kind: "softmax",
      qkv: { kind: "separate", q: part("q", heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
      o: linear(source, `${at}.self_attn.o_proj`, d, heads * headDim, bias),
      qNorm: null,
      kNorm: null,
      rope,
      window,
      scale: 1 / Math.sqrt(headDim),
      sinks: source.tensor(`${at}.self_attn.sinks`, [heads]),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, false),
    mlp: expertsOf(source, `${at}.mlp`, d),
    mlpPostNorm: null,
  };
}

function expertsOf(source: Source, at: string, d: number): PairedExpertsSpec {
  const { config } = source;
  const { count, perToken } = choiceOf(config, { count: 128, perToken: 4 });
  const width = size(config, "intermediate_size", 2880);
  const [gateUp, down] = [mapsOf(source, `${at}.experts.gate_up_proj`, count, d, 2 * width), mapsOf(source, `${at}.experts.down_proj`, count, width, d)];
  return {
    kind: "experts",
    router: linear(source, `${at}.router`, count, d, true),
    perToken,
    alpha: positive(config, "swiglu_alpha", 1.702),
    limit: positive(config, "swiglu_limit", 7),
    pairs: gateUp.map((map, expert) => ({ gateUp: map, down: down[expert] as ExpertLinear })),
  };
}

/** One map of all experts: as numbers [experts, in, out], or packed, by rows of their outputs. */
function mapsOf(source: Source, name: string, count: number, into: number, out: number): readonly ExpertLinear[] {
  const biases = slices(source.tensor(`${name}_bias`, [count, out]));
  if (optional(source.config, "quantization_config") === null || source.holds(name)) {
    return slices(source.tensor(name, [count, into, out])).map((weight, expert) => ({ weight, bias: biases[expert] as TensorRef }));
  }
  if (into % BLOCK !== 0) throw contradiction(source.config, "quantization_config", `and rows of ${into} numbers are no whole blocks of ${BLOCK} (\`hidden_size\`, \`intermediate_size\`)`);
  const blocks = slices(source.packed(`${name}_blocks`, [count, out, into / BLOCK, BYTES], "e2m1"));
  const scales = slices(source.packed(`${name}_scales`, [count, out, into / BLOCK], "e8m0"));
  return blocks.map((own, expert) => ({ blocks: own, scales: scales[expert] as PackedRef, bias: biases[expert] as TensorRef }));
}

/** The parts of a tensor along its first dimension. */
function slices<Ref extends WeightRef>(ref: Ref): readonly Ref[] {
  const [count, ...shape] = ref.shape as readonly [number, ...number[]];
  const length = ref.length / count;
  return Array.from({ length: count }, (_, at) => ({ ...ref, offset: ref.offset + at * length, length, shape }));
}
