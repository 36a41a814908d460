/** Without this file Phi-3 and its kin, which keep several maps in one tensor, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { layerCount, linear, normOf, rowsOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { fusedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { contextWithin } from "./longrope.ts";
import { ropeType, saidOfPositions, turned } from "./rope.ts";

const CONTEXT = 4096;

export const phi3: Family = { types: ["phi3"], embedding: "embed_tokens.weight", read };

/** transformers 5.24 `models/phi3/modeling_phi3.py`, `configuration_phi3.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  const shape = headsOf(config);
  const layers = layerCount(config);
  const rope = turned(config, positionsOf(config), shape.headDim, { theta: 10000, partial: { key: "partial_rotary_factor", fallback: 1 }, context: CONTEXT, longrope: { original: size(config, "original_max_position_embeddings", CONTEXT) } });
  const window = optional(config, "sliding_window") === null ? null : size(config, "sliding_window");
  const seen = new Array<number | null>(layers).fill(window);
  const vocabulary = size(config, "vocab_size", 32064);
  return {
    architecture: "phi3",
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: contextWithin(rope, size(config, "max_position_embeddings", CONTEXT)),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: seen.map((window, layer) => blockOf(source, shape, rope, window, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp.down_proj", parallel: false }),
  };
}

/** Older configs say su or yarn where longrope is meant. */
function positionsOf(config: Config): Config | null {
  const said = saidOfPositions(config);
  if (said === null || ropeType(said) === "default") return said;
  if (!["longrope", "su", "yarn"].includes(ropeType(said))) throw unsupported(config, optional(config, "rope_scaling") === null ? "rope_parameters" : "rope_scaling", "transformers scales no Phi-3 so");
  return { ...said, value: { ...said.value, rope_type: "longrope" } };
}

/** Rows of q, k and v below one another in one tensor. */
function blockOf(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const [q, k] = [heads * headDim, kvHeads * headDim];
  const qkv = linear(source, `${at}.self_attn.qkv_proj`, q + 2 * k, d, false);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: {
      kind: "softmax",
      qkv: { kind: "separate", q: rowsOf(qkv, 0, q), k: rowsOf(qkv, q, q + k), v: rowsOf(qkv, q + k, q + 2 * k) },
      o: linear(source, `${at}.self_attn.o_proj`, d, q, false),
      qNorm: null,
      kNorm: null,
      rope,
      window,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, false),
    mlp: fusedMlp(source, `${at}.mlp`, d, activationOf(source.config, "hidden_act", "silu")),
    mlpPostNorm: null,
  };
}
