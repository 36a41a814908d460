/** Without this file Gemma 1, 2 and 3 and VaultGemma, and so every Gemma Scope SAE, would have no model. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { ropeOf, turned } from "./rope.ts";

/** Differences and defaults of transformers 5.24 (`models/{gemma,gemma2,gemma3,vaultgemma}/configuration_*.py` and `modeling_*.py`). */
interface Member {
  readonly generation: 1 | 2 | 3;
  /** true: attention and MLP are normed behind as well. */
  readonly sandwiched: boolean;
  readonly heads: number;
  readonly kvHeads: number;
  readonly context: number;
  readonly vocabulary: number | null;
  readonly prefix: string;
}

const MEMBERS: Readonly<Record<string, Member>> = {
  gemma: { generation: 1, sandwiched: false, heads: 16, kvHeads: 16, context: 8192, vocabulary: null, prefix: "model" },
  gemma2: { generation: 2, sandwiched: true, heads: 8, kvHeads: 4, context: 8192, vocabulary: null, prefix: "model" },
  vaultgemma: { generation: 2, sandwiched: false, heads: 8, kvHeads: 4, context: 8192, vocabulary: null, prefix: "model" },
  gemma3_text: { generation: 3, sandwiched: true, heads: 8, kvHeads: 4, context: 131072, vocabulary: 262208, prefix: "model" },
  // The text model of the model that also sees; its config.json holds a part for each.
  gemma3: { generation: 3, sandwiched: true, heads: 8, kvHeads: 4, context: 131072, vocabulary: 262208, prefix: "model.language_model" },
};

export const gemma: Family = { types: Object.keys(MEMBERS), embedding: "embed_tokens.weight", read };

function read(source: Source): Decoder {
  const { config } = source;
  const type = word(config, "model_type");
  const member = MEMBERS[type === "gemma3_text" && source.outer !== null ? "gemma3" : type] as Member;
  const named = member.generation === 1 ? "hidden_act" : "hidden_activation";
  // The first Gemma says "gelu" and means the tanh form (`configuration_gemma.py`, `__post_init__`).
  const legacy = member.generation === 1 && optional(config, named) === "gelu";
  if (!legacy && activationOf(config, named, "gelu_pytorch_tanh") !== "gelu_tanh") throw unsupported(config, named, "only gelu_pytorch_tanh is computed");
  if (optional(config, "use_bidirectional_attention") === true) throw unsupported(config, "use_bidirectional_attention", "a token may not see what comes after it");
  const shape = headsOf(config, 256, member.kvHeads, member.heads);
  const vocabulary = size(config, "vocab_size", member.vocabulary);
  const pattern = patternOf(config, member);
  const kinds = member.generation === 1 ? Array.from({ length: layerCount(config) }, (_, layer) => pattern(layer)) : layerKinds(config, layerCount(config), WINDOWED, pattern);
  const seen = windows(config, kinds, 4096);
  const ropes = ropesOf(config, member, shape.headDim);
  const capped = (key: string, fallback: number | null): number | null => (optional(config, key) === null && (fallback === null || Object.hasOwn(config.value, key)) ? null : positive(config, key, fallback));
  return {
    architecture: type,
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-6), offset: 1 },
    // Gemma 3 keeps the key and caps nothing by it (`modeling_gemma3.py`).
    softcap: member.generation === 2 ? capped("attn_logit_softcapping", 50) : null,
    ...capOf(member.generation === 1 ? null : capped("final_logit_softcapping", member.generation === 2 ? 30 : null)),
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", member.context),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: Math.fround(Math.sqrt(shape.hiddenSize)),
    positions: null,
    blocks: kinds.map((kind, layer) => blockOf(source, member, shape, ropes[kind], seen[layer] ?? null, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, {
      block: `${member.prefix}.layers.{layer}`,
      ln1: "input_layernorm",
      ln2: member.generation === 1 ? "post_attention_layernorm" : "pre_feedforward_layernorm",
      o: "self_attn.o_proj",
      attentionOut: member.sandwiched ? "post_attention_layernorm" : "self_attn.o_proj",
      mlpOut: member.sandwiched ? "post_feedforward_layernorm" : "mlp.down_proj",
      parallel: false,
    }),
  };
}

function capOf(cap: number | null): Pick<Decoder, "logitCap"> {
  return cap === null ? {} : { logitCap: cap };
}

/** Gemma 2 begins with a window and alternates; Gemma 3 has one layer in six that sees everything. */
function patternOf(config: Config, { generation }: Member): (layer: number) => LayerKind {
  const every = generation === 1 ? 1 : generation === 2 ? 2 : size(config, "sliding_window_pattern", 6);
  return (layer) => ((layer + 1) % every === 0 ? "full_attention" : "sliding_attention");
}

/** Gemma 3 has parameters for each kind of layer; older configs one scaling, of the layers that see everything (`configuration_gemma3.py`, `convert_rope_params_to_dict`). */
function ropesOf(config: Config, { generation, context }: Member, headDim: number): Readonly<Record<LayerKind, RopeSpec>> {
  if (generation !== 3) {
    const rope = ropeOf(config, headDim, { theta: 10000, partial: null, context });
    return { full_attention: rope, sliding_attention: rope };
  }
  const given = section(config, "rope_parameters");
  const of = (kind: LayerKind): JsonObject => (given === null ? null : section(given, kind))?.value ?? {};
  const full = { file: config.file, value: { ...of("full_attention"), ...(section(config, "rope_scaling")?.value ?? {}) } };
  const sliding = { file: config.file, value: of("sliding_attention") };
  return {
    full_attention: turned(config, full, headDim, { theta: 1_000_000, partial: null, context }),
    sliding_attention: turned(config, sliding, headDim, { theta: 10000, thetaKey: "rope_local_base_freq", partial: null, context }),
  };
}

function blockOf(source: Source, { generation, sandwiched }: Member, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const mlpSize = size(config, "intermediate_size");
  const bias = flag(config, "attention_bias", false);
  const norm = (name: string): BlockSpec["ln1"] => normOf(source, `${at}.${name}`, d, false);
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, width, d, bias);
  const headNorm = (name: string): ReturnType<Source["tensor"]> | null => (generation === 3 ? source.tensor(`${at}.self_attn.${name}.weight`, [headDim]) : null);
  return {
    ln1: norm("input_layernorm"),
    attention: {
      kind: "softmax",
      qkv: { kind: "separate", q: part("q", heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
      o: linear(source, `${at}.self_attn.o_proj`, d, heads * headDim, bias),
      qNorm: headNorm("q_norm"),
      kNorm: headNorm("k_norm"),
      rope,
      window,
      scale: 1 / Math.sqrt(generation === 1 ? headDim : positive(config, "query_pre_attn_scalar", 256)),
    },
    attentionPostNorm: sandwiched ? norm("post_attention_layernorm") : null,
    ln2: norm(generation === 1 ? "post_attention_layernorm" : "pre_feedforward_layernorm"),
    mlp: {
      kind: "gated",
      activation: "gelu_tanh",
      gate: linear(source, `${at}.mlp.gate_proj`, mlpSize, d, false),
      up: linear(source, `${at}.mlp.up_proj`, mlpSize, d, false),
      down: linear(source, `${at}.mlp.down_proj`, d, mlpSize, false),
    },
    mlpPostNorm: sandwiched ? norm("post_feedforward_layernorm") : null,
  };
}
