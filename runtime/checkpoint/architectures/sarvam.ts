/** Without this file Sarvam with experts, a GLM 4.5 under names of its own, could not be read. */
import type { TensorRef } from "../../../src/emit/specs.ts";
import { readDots } from "./dots.ts";
import { rowsOfTensor, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";

const PUBLISHED = "word_embeddings.weight";

/** transformers 5.24 `models/sarvam_moe/configuration_sarvam_moe.py`, `conversion_mapping.py`: its model is a GLM 4.5 there. */
export const sarvam: Family = { types: ["sarvam_moe"], embedding: [PUBLISHED, "embed_tokens.weight"], read };

/** Keys that stand for GLM's (`attribute_map`). */
const KEYS = { num_experts: "n_routed_experts", num_shared_experts: "n_shared_experts", use_qkv_bias: "attention_bias" };

/** Parts of GLM's names, and what its publisher calls them. */
const NAMES: readonly (readonly [string, string])[] = [
  ["embed_tokens.", "word_embeddings."],
  [".self_attn.o_proj.", ".attention.dense."],
  [".self_attn.q_norm.", ".attention.query_layernorm."],
  [".self_attn.k_norm.", ".attention.key_layernorm."],
  [".gate.e_score_correction_bias", ".gate.expert_bias"],
];

function read(given: Source): Decoder {
  return readDots(withKeys(given, KEYS), (source, shape) => (given.holds(PUBLISHED) ? { ...source, tensor: (name, dims) => published(given, shape, name, dims) } : source));
}

function published(given: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, name: string, dims: readonly number[]): TensorRef {
  const part = /^(layers\.\d+)\.self_attn\.([qkv])_proj\.(weight|bias)$/.exec(name);
  if (part === null) return given.tensor(NAMES.reduce((changed, [glm, own]) => changed.replace(glm, own), name), dims);
  // Rows of queries, keys and values below one another.
  const [, layer, which, kind] = part as unknown as readonly [string, string, "q" | "k" | "v", "weight" | "bias"];
  const [q, k] = [heads * headDim, kvHeads * headDim];
  const from = { q: 0, k: q, v: q + k }[which];
  const rows = q + 2 * k;
  return rowsOfTensor(given.tensor(`${layer}.attention.query_key_value.${kind}`, kind === "weight" ? [rows, d] : [rows]), from, from + (which === "q" ? q : k));
}
