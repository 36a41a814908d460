/** Without this file Granite, a Llama whose sums have factors, and HyperCLOVA X, which is one with norms behind its halves, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf, type FusedNames } from "./experts.ts";
import { layerCount, linear, normOf, rowsOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts, type BlockModules } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{granite,granitemoe,granitemoeshared,hyperclovax}/configuration_*.py` and `modeling_*.py`). */
export const granite: Family = { types: ["granite", "granitemoe", "granitemoeshared", "hyperclovax"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 32000, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
  embedding_multiplier: 1, logits_scaling: 1, residual_multiplier: 1,
};
const EXPERTS = { count: 8, perToken: 2 };
const MIXTURE = "block_sparse_moe";
/** As its publisher calls what holds all experts; the modules of transformers 5 have other names (`conversion_mapping.py`). */
const PUBLISHED: { readonly fused: FusedNames; readonly router: string } = { fused: ["input_linear.weight", "output_linear.weight"], router: "router.layer" };
const HELD: typeof PUBLISHED = { fused: ["experts.gate_up_proj", "experts.down_proj"], router: "router" };

/** Attention and MLP are read as their modules give them, and their factor comes behind that: so it is in TransformerLens (`model_bridge/supported_architectures/granite.py`). */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const type = word(config, "model_type");
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    ...factorsOf(config, type),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, type, shape, rope, layer)),
    hooks: hookFacts(shape, modulesOf(config, type)),
  };
}

/** Those that are not 1. A HyperCLOVA X multiplies its logits by what a Granite divides them by. */
function factorsOf(config: Config, type: string): Pick<Decoder, "residualScale" | "logitScale"> & Partial<Pick<Decoder, "embedScale">> {
  const [embedScale, residualScale, scaling] = ["embedding_multiplier", "residual_multiplier", "logits_scaling"].map((key) => positive(config, key)) as [number, number, number];
  return { ...(embedScale === 1 ? {} : { embedScale }), ...(residualScale === 1 ? {} : { residualScale }), ...(scaling === 1 ? {} : { logitScale: type === "hyperclovax" ? scaling : 1 / scaling }) };
}

function modulesOf(config: Config, type: string): BlockModules {
  switch (type) {
    case "granitemoe":
    case "granitemoeshared":
      return { ...LLAMA_MODULES, mlpIn: MIXTURE, mlpOut: sharedSize(config, type) === 0 ? MIXTURE : `(${MIXTURE} + shared_mlp)` };
    default:
      return normedBehind(config, type) ? { ...LLAMA_MODULES, attentionOut: "post_norm1", mlpOut: "post_norm2" } : LLAMA_MODULES;
  }
}

function normedBehind(config: Config, type: string): boolean {
  return type === "hyperclovax" && flag(config, "use_post_norm", true);
}

/** Columns of the MLP beside the experts; 0: there is none. */
function sharedSize(config: Config, type: string): number {
  return type === "granitemoeshared" ? sizeOrNone(config, "shared_intermediate_size") : 0;
}

function blockOf(source: Source, type: string, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  // Where nothing is said: of a Granite 1, of a HyperCLOVA X what is usual.
  const scale = type === "hyperclovax" && optional(config, "attention_multiplier") === null ? {} : { scale: positive(config, "attention_multiplier", 1) };
  const block = preNormed(source, layer, d, { attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window: null, ...scale }), mlp: mlpOf(source, type, at, d) });
  if (!normedBehind(config, type)) return block;
  const behind = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, false);
  return { ...block, attentionPostNorm: behind("post_norm1"), mlpPostNorm: behind("post_norm2") };
}

function mlpOf(source: Source, type: string, at: string, d: number): BlockSpec["mlp"] {
  const { config } = source;
  const activation = activationOf(config, "hidden_act", "silu");
  if (type !== "granitemoe" && type !== "granitemoeshared") return gatedMlp(source, `${at}.mlp`, d, { activation, bias: flag(config, "mlp_bias", false) });
  const names = source.holds(`${at}.${MIXTURE}.${PUBLISHED.fused[0]}`) ? PUBLISHED : HELD;
  // The softmax of those scores that are chosen is what their shares are of all, over the sum of these.
  const mixture = mixtureOf(source, `${at}.${MIXTURE}`, d, { ...choiceOf(config, EXPERTS), ...names, width: size(config, "intermediate_size"), activation, normalized: true });
  const width = sharedSize(config, type);
  if (width === 0) return mixture;
  const both = linear(source, `${at}.shared_mlp.input_linear`, 2 * width, d, false);
  return { ...mixture, shared: { mlp: { kind: "gated", activation, gate: rowsOf(both, 0, width), up: rowsOf(both, width, 2 * width), down: linear(source, `${at}.shared_mlp.output_linear`, d, width, false) }, gate: null } };
}
