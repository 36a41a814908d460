/** Without this file Gemma 4 could not be read: the heads of its layers differ, its last ones look at the keys of others, and each is told of the token itself. */
import type { AttentionSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BesideSpec, BlockSpec, LayerInputsSpec, LinearSpec, NormSpec } from "../../../src/emit/specs.ts";
import type { HookFacts } from "../../../src/ops/hook.ts";
import { flag, optional, positive, section, size, word, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { matricesOf } from "./experts.ts";
import { contradiction, layerCount, linear, normOf, rowsOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { turned } from "./rope.ts";

export const gemma4: Family = { types: ["gemma4_text"], embedding: "embed_tokens.weight", unlikeLayers: true, read };

/** A block as the config describes it. */
interface Layer {
  readonly kind: LayerKind;
  readonly window: number | null;
  readonly kvHeads: number;
  readonly headDim: number;
  /** The block whose keys and values it looks at; null: its own. */
  readonly of: number | null;
}

/** transformers 5.24 `models/gemma4/configuration_gemma4.py` (`Gemma4TextConfig`) and `modeling_gemma4.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  if (optional(config, "use_bidirectional_attention") === "all") throw unsupported(config, "use_bidirectional_attention", "a token may not see what comes after it");
  if (activationOf(config, "hidden_activation", "gelu_pytorch_tanh") !== "gelu_tanh") throw unsupported(config, "hidden_activation", "only gelu_pytorch_tanh is computed");
  const shape = headsOf(config, 256, 4, 8);
  const layers = layersOf(config, shape);
  const ropes = ropesOf(config, layers);
  const vocabulary = size(config, "vocab_size", 262144);
  const inputs = inputsOf(source, shape.hiddenSize, vocabulary, layers.length);
  const cap = optional(config, "final_logit_softcapping") === null ? {} : { logitCap: positive(config, "final_logit_softcapping") };
  return {
    architecture: word(config, "model_type"),
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-6), offset: 0 },
    softcap: null,
    ...cap,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", 131072),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: Math.fround(Math.sqrt(shape.hiddenSize)),
    ...(inputs === null ? {} : { layerInputs: inputs.spec }),
    positions: null,
    blocks: layers.map((layer, number) => blockOf(source, shape, layer, ropes, number, inputs)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hooksOf(shape, layers, source.outer === null ? "model" : "model.language_model"),
  };
}

function hooksOf(shape: Heads, layers: readonly Layer[], prefix: string): HookFacts {
  const facts = hookFacts(shape, { block: `${prefix}.layers.{layer}`, ln1: "input_layernorm", ln2: "pre_feedforward_layernorm", o: "self_attn.o_proj", attentionOut: "post_attention_layernorm", mlpOut: "post_feedforward_layernorm", parallel: false });
  return { ...facts, z: { ...facts.z, widths: layers.map(({ headDim }) => shape.heads * headDim) } as HookFacts["z"] };
}

/** One layer in six sees everything where nothing is said, and the last one always (`__post_init__`). */
function layersOf(config: Config, shape: Heads): readonly Layer[] {
  const count = layerCount(config);
  const given = layerKinds(config, count, WINDOWED, (layer) => ((layer + 1) % 6 === 0 ? "full_attention" : "sliding_attention"));
  const kinds = given.map((kind, layer) => (layer === count - 1 ? "full_attention" : kind));
  const seen = windows(config, kinds, 512);
  const sharing = optional(config, "num_kv_shared_layers") === null ? 0 : Number(optional(config, "num_kv_shared_layers"));
  if (!Number.isInteger(sharing) || sharing < 0 || sharing >= count) throw contradiction(config, "num_kv_shared_layers", `and there are ${count} layers, the first of which has keys of its own`);
  const layers: Layer[] = [];
  for (const [number, kind] of kinds.entries()) {
    const own = ownHeads(config, shape, kind, number);
    const of = number < count - sharing ? null : kinds.slice(0, count - sharing).lastIndexOf(kind);
    if (of === -1) throw contradiction(config, "num_kv_shared_layers", `and no layer before those has the keys that layer ${number} (${kind}) would look at`);
    if (of !== null && (layers[of]!.headDim !== own.headDim || layers[of]!.kvHeads !== own.kvHeads)) throw contradiction(config, "num_kv_shared_layers", `and layer ${number} has other heads than layer ${of}, whose keys it looks at`);
    layers.push({ kind, window: seen[number] ?? null, ...own, of });
  }
  return layers;
}

/** `per_layer_config` as transformers 5 writes it, or the keys that the models are published with, which say it of all layers that see everything. */
function ownHeads(config: Config, { heads, kvHeads, headDim }: Heads, kind: LayerKind, layer: number): Pick<Layer, "kvHeads" | "headDim"> {
  const own = ((): Pick<Layer, "kvHeads" | "headDim"> => {
    if (optional(config, "per_layer_config") !== null) {
      const said = section(section(config, "per_layer_config")!, String(layer));
      if (said === null) return { kvHeads, headDim };
      const other = Object.keys(said.value).find((key) => key !== "head_dim" && key !== "num_key_value_heads");
      if (other !== undefined) throw unsupported(said, other, `layer ${layer} may differ from the others in its heads only`);
      return { kvHeads: size(said, "num_key_value_heads", kvHeads), headDim: size(said, "head_dim", headDim) };
    }
    if (kind === "sliding_attention") return { kvHeads, headDim };
    const few = flag(config, "attention_k_eq_v", false) && optional(config, "num_global_key_value_heads") !== null;
    return { kvHeads: few ? size(config, "num_global_key_value_heads") : kvHeads, headDim: size(config, "global_head_dim", 512) };
  })();
  if (heads % own.kvHeads !== 0) throw contradiction(config, "num_key_value_heads", `and layer ${layer} has ${own.kvHeads}, which do not divide the ${heads} heads`);
  return own;
}

/** Parameters for each kind of layer; where none are given, of layers that see everything a quarter of each head turns. */
function ropesOf(config: Config, layers: readonly Layer[]): Readonly<Partial<Record<LayerKind, RopeSpec>>> {
  const given = section(config, "rope_parameters");
  const ropes: Partial<Record<LayerKind, RopeSpec>> = {};
  for (const kind of WINDOWED) {
    const dims = [...new Set(layers.filter((layer) => layer.kind === kind).map(({ headDim }) => headDim))];
    if (dims.length === 0) continue;
    if (dims.length > 1) throw contradiction(config, "per_layer_config", `and layers of ${kind} turn heads of ${dims.join(" and ")} columns by one table`);
    const own = given === null ? { file: config.file, value: kind === "full_attention" ? { rope_type: "proportional", partial_rotary_factor: 0.25, rope_theta: 1_000_000 } : {} } : section(given, kind);
    if (own === null) throw contradiction(config, "rope_parameters", `and says nothing of ${kind}`);
    ropes[kind] = ropeOfKind(config, own, dims[0]!);
  }
  return ropes;
}

function ropeOfKind(config: Config, own: Config, headDim: number): RopeSpec {
  if (word(own, "rope_type", "default") !== "proportional") return turned(config, own, headDim, { theta: 10000, partial: null, context: 131072 });
  if (headDim % 2 !== 0) throw contradiction(config, "head_dim", "and a head of an odd number of columns cannot turn");
  const share = positive(own, "partial_rotary_factor", 1);
  if (share > 1) throw contradiction(own, "partial_rotary_factor", "and a head has no more to turn than all of it");
  return { theta: positive(own, "rope_theta", 10000), dimensions: headDim, scaling: { kind: "proportional", factor: positive(own, "factor", 1), pairs: Math.floor((share * headDim) / 2) } };
}

interface Inputs {
  readonly spec: LayerInputsSpec;
  readonly width: number;
  readonly from: LinearSpec;
}

/** What the layers are told of each token; null where they are told nothing. */
function inputsOf(source: Source, d: number, vocabulary: number, layers: number): Inputs | null {
  const { config } = source;
  const said = Object.hasOwn(config.value, "hidden_size_per_layer_input") ? optional(config, "hidden_size_per_layer_input") : 256;
  if (said === null || said === 0) return null;
  const width = size(config, "hidden_size_per_layer_input", 256);
  const rows = size(config, "vocab_size_per_layer_input", 262144);
  if (rows < vocabulary) throw contradiction(config, "vocab_size_per_layer_input", `and the vocabulary has ${vocabulary} tokens`);
  return {
    width,
    from: linear(source, "per_layer_model_projection", layers * width, d, false),
    spec: {
      table: source.tensor("embed_tokens_per_layer.weight", [rows, layers * width]),
      tableFactor: Math.fround(Math.sqrt(width)),
      fromFactor: Math.fround(d ** -0.5),
      norm: source.tensor("per_layer_projection_norm.weight", [width]),
    },
  };
}

function blockOf(source: Source, shape: Heads, layer: Layer, ropes: Readonly<Partial<Record<LayerKind, RopeSpec>>>, number: number, inputs: Inputs | null): BlockSpec {
  const { config } = source;
  const { hiddenSize: d } = shape;
  const at = `layers.${number}`;
  const norm = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, false);
  const inner = size(config, "intermediate_size", 9216) * (layer.of !== null && flag(config, "use_double_wide_mlp", false) ? 2 : 1);
  return {
    ln1: norm("input_layernorm"),
    attention: attentionOf(source, shape, layer, ropes[layer.kind]!, `${at}.self_attn`),
    attentionPostNorm: norm("post_attention_layernorm"),
    ln2: norm("pre_feedforward_layernorm"),
    mlp: { kind: "gated", activation: "gelu_tanh", gate: linear(source, `${at}.mlp.gate_proj`, inner, d, false), up: linear(source, `${at}.mlp.up_proj`, inner, d, false), down: linear(source, `${at}.mlp.down_proj`, d, inner, false) },
    ...(flag(config, "enable_moe_block", false) ? { beside: besideOf(source, at, d) } : {}),
    mlpPostNorm: norm("post_feedforward_layernorm"),
    ...(inputs === null ? {} : {
      layerInput: {
        from: rowsOf(inputs.from, number * inputs.width, (number + 1) * inputs.width),
        gate: linear(source, `${at}.per_layer_input_gate`, inputs.width, d, false),
        back: linear(source, `${at}.per_layer_projection`, d, inputs.width, false),
        norm: norm("post_per_layer_input_norm"),
        activation: "gelu_tanh",
      },
    }),
    factor: source.tensor(`${at}.layer_scalar`, [1]),
  };
}

/** `Gemma4TextRouter` and `Gemma4TextExperts`: shares are divided by their sum, then multiplied by a number of each expert. */
function besideOf(source: Source, at: string, d: number): BesideSpec {
  const { config } = source;
  const [count, perToken] = [size(config, "num_experts"), size(config, "top_k_experts")];
  if (perToken > count) throw contradiction(config, "top_k_experts", `and there are ${count} experts`);
  return {
    mlpNorm: normOf(source, `${at}.post_feedforward_layernorm_1`, d, false),
    norm: normOf(source, `${at}.pre_feedforward_layernorm_2`, d, false),
    outputNorm: normOf(source, `${at}.post_feedforward_layernorm_2`, d, false),
    routerWeight: source.tensor(`${at}.router.scale`, [d]),
    routerFactor: Math.fround(d ** -0.5),
    experts: {
      kind: "experts",
      activation: "gelu_tanh",
      router: linear(source, `${at}.router.proj`, count, d, false),
      experts: matricesOf(source, at, { count, width: size(config, "moe_intermediate_size"), d }),
      perToken,
      normalized: true,
      shareFactors: source.tensor(`${at}.router.per_expert_scale`, [count]),
      shared: null,
    },
  };
}

function attentionOf(source: Source, { hiddenSize: d, heads, ...usual }: Heads, { kind, window, kvHeads, headDim, of }: Layer, rope: RopeSpec, at: string): AttentionSpec {
  const { config } = source;
  const bias = flag(config, "attention_bias", false);
  const part = (name: string, width: number): LinearSpec => linear(source, `${at}.${name}_proj`, width, d, bias);
  const alike = kind === "full_attention" && flag(config, "attention_k_eq_v", false);
  const q = part("q", heads * headDim);
  const [keys, values] = of === null ? [part("k", kvHeads * headDim), alike ? null : part("v", kvHeads * headDim)] : [null, null];
  return {
    kind: "softmax",
    qkv: keys === null ? { kind: "queries", q, of: of! } : values === null ? { kind: "keys", q, k: keys } : { kind: "separate", q, k: keys, v: values },
    o: linear(source, `${at}.o_proj`, d, heads * headDim, bias),
    ...(kvHeads === usual.kvHeads && headDim === usual.headDim ? {} : { own: { kvHeads, headDim } }),
    qNorm: source.tensor(`${at}.q_norm.weight`, [headDim]),
    kNorm: of === null ? source.tensor(`${at}.k_norm.weight`, [headDim]) : null,
    ...(of === null ? { valueNorm: true } : {}),
    rope,
    window,
    // Queries are normed, and nothing else divides the scores.
    scale: 1,
  };
}
