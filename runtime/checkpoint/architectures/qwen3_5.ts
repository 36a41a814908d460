/** Without this file Qwen 3.5, and so most SAEs of Qwen Scope, would have no model. */
import type { DeltaSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import type { HookFact } from "../../../src/ops/hook.ts";
import { flag, positive, size, word, type Config } from "../config.ts";
import { expertsOf, type ExpertDefaults } from "./experts.ts";
import { contradiction, layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds } from "./layer_kinds.ts";
import { ropeOf } from "./rope.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{qwen3_5,qwen3_5_moe}/configuration_*.py` and `modeling_*.py`). */
export const qwen35: Family = { types: ["qwen3_5_text", "qwen3_5", "qwen3_5_moe_text", "qwen3_5_moe"], embedding: "embed_tokens.weight", read };

/** Each layer of a model with experts has them, and one that all tokens share; probabilities add up to one (`Qwen3_5MoeSparseMoeBlock`). */
const EXPERTS: ExpertDefaults = { count: 256, perToken: 8, width: 512, shared: 512 };
const KINDS = ["full_attention", "linear_attention"] as const;

function read(source: Source): Decoder {
  const { config, outer } = source;
  if (word(config, "hidden_act", "silu") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const sparse = word(config, "model_type").startsWith("qwen3_5_moe");
  const shape = headsOf(config, 256, sparse ? 2 : 4, 16);
  const every = size(config, "full_attention_interval", 4);
  const kinds = layerKinds(config, layerCount(config), KINDS, (layer) => ((layer + 1) % every === 0 ? "full_attention" : "linear_attention"));
  const rope = ropeOf(config, shape.headDim, { theta: 10000, partial: { key: "partial_rotary_factor", fallback: 0.25 }, context: 32768 });
  const vocabulary = size(config, "vocab_size", 248320);
  const tied = flag(config, "tie_word_embeddings", false) || (outer !== null && flag(outer, "tie_word_embeddings", false));
  const block = outer === null ? "model.layers.{layer}" : "model.language_model.layers.{layer}";
  const facts = hookFacts(shape, {
    block,
    ln1: "input_layernorm",
    ln2: "post_attention_layernorm",
    o: "self_attn.o_proj",
    attentionOut: "self_attn.o_proj",
    mlpOut: sparse ? "mlp" : "mlp.down_proj",
    parallel: false,
  });
  return {
    architecture: word(config, "model_type"),
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-6), offset: 1 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", 32768),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: kinds.map((kind, layer) => blockOf(source, shape, rope, kind, layer, sparse)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: tied ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: kinds.includes("linear_attention") ? { ...facts, attn_out: mixed(facts.attn_out, block, kinds), z: { state: "absent", why: "its layers are of two kinds, and those of linear attention have heads of another number and width" } } : facts,
  };
}

/** What layers of two kinds add to the stream. */
function mixed(fact: HookFact, block: string, kinds: readonly (typeof KINDS)[number][]): HookFact {
  if (fact.state === "absent") return fact;
  return { ...fact, module: `${block}.(linear_attn.out_proj or self_attn.o_proj) output`, modules: kinds.map((kind) => `${block}.${kind === "linear_attention" ? "linear_attn.out_proj" : "self_attn.o_proj"} output`) };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, kind: (typeof KINDS)[number], layer: number, sparse: boolean): BlockSpec {
  const at = `layers.${layer}`;
  const { hiddenSize: d } = shape;
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: kind === "full_attention" ? attentionOf(source, shape, rope, `${at}.self_attn`) : deltaOf(source, d, `${at}.linear_attn`),
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, false),
    mlp: sparse ? expertsOf(source, `${at}.mlp`, d, EXPERTS, true) : denseMlp(source, `${at}.mlp`, d),
    mlpPostNorm: null,
  };
}

function denseMlp(source: Source, at: string, d: number): BlockSpec["mlp"] {
  const inner = size(source.config, "intermediate_size", 12288);
  return { kind: "gated", activation: "silu", gate: linear(source, `${at}.gate_proj`, inner, d, false), up: linear(source, `${at}.up_proj`, inner, d, false), down: linear(source, `${at}.down_proj`, d, inner, false) };
}

function attentionOf(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, at: string): BlockSpec["attention"] {
  const bias = flag(source.config, "attention_bias", false);
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.${name}_proj`, width, d, bias);
  return {
    kind: "softmax",
    qkv: { kind: "gated", q: part("q", 2 * heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
    o: linear(source, `${at}.o_proj`, d, heads * headDim, bias),
    qNorm: source.tensor(`${at}.q_norm.weight`, [headDim]),
    kNorm: source.tensor(`${at}.k_norm.weight`, [headDim]),
    rope,
    window: null,
    scale: 1 / Math.sqrt(headDim),
  };
}

function deltaOf(source: Source, d: number, at: string): DeltaSpec {
  const { config } = source;
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = sizesOf(config);
  const [keys, values] = [keyHeads * keyDim, valueHeads * valueDim];
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.in_proj_${name}`, width, d, false);
  return {
    kind: "delta",
    keyHeads,
    valueHeads,
    keyDim,
    valueDim,
    kernel,
    qkv: part("qkv", 2 * keys + values),
    conv: source.tensor(`${at}.conv1d.weight`, [2 * keys + values, 1, kernel]),
    z: part("z", values),
    b: part("b", valueHeads),
    a: part("a", valueHeads),
    aLog: source.tensor(`${at}.A_log`, [valueHeads]),
    dt: source.tensor(`${at}.dt_bias`, [valueHeads]),
    norm: source.tensor(`${at}.norm.weight`, [valueDim]),
    o: linear(source, `${at}.out_proj`, d, values, false),
  };
}

function sizesOf(config: Config): Pick<DeltaSpec, "keyHeads" | "valueHeads" | "keyDim" | "valueDim" | "kernel"> {
  const keyHeads = size(config, "linear_num_key_heads", 16);
  const valueHeads = size(config, "linear_num_value_heads", 32);
  if (valueHeads % keyHeads !== 0) throw contradiction(config, "linear_num_value_heads", `which the ${keyHeads} key heads do not divide`);
  const kernel = size(config, "linear_conv_kernel_dim", 4);
  if (kernel < 2) throw unsupported(config, "linear_conv_kernel_dim", "a convolution that sees one token is none");
  return { keyHeads, valueHeads, keyDim: size(config, "linear_key_head_dim", 128), valueDim: size(config, "linear_value_head_dim", 128), kernel };
}
