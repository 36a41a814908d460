/** Without this file EXAONE 3, 3.5 and Deep, Llamas under names of their own, could not be read. */
import { withKeys, type Decoder, type Family, type Source } from "./family.ts";
import { readKin } from "./llama_kin.ts";

/** transformers 5.24 `models/exaone/configuration_exaone.py`, `conversion_mapping.py`: its model is a Llama there. */
export const exaone: Family = { types: ["exaone"], embedding: ["wte.weight", "embed_tokens.weight"], read };

/** Keys that stand for Llama's (`attribute_map`). */
const KEYS = { num_layers: "num_hidden_layers", layer_norm_epsilon: "rms_norm_eps", activation_function: "hidden_act" } as const;

/** Parts of Llama's names, and what its publisher calls them. */
const NAMES: readonly (readonly [string, string])[] = [
  ["embed_tokens.", "wte."],
  ["self_attn.o_proj", "attn.attention.out_proj"],
  ["self_attn.", "attn.attention."],
  ["input_layernorm", "ln_1"],
  ["post_attention_layernorm", "ln_2"],
  ["gate_proj", "c_fc_0"],
  ["up_proj", "c_fc_1"],
  ["down_proj", "c_proj"],
];

function read(given: Source): Decoder {
  const source = withKeys(given, KEYS);
  // Where it is not, names are those of the modules of transformers.
  return readKin(given.holds("wte.weight") ? { ...source, tensor: (name, shape) => given.tensor(published(name), shape) } : source);
}

function published(name: string): string {
  if (name === "norm.weight") return "ln_f.weight";
  return NAMES.reduce((changed, [llamas, own]) => changed.replace(llamas, own), name.replace(/^layers\./, "h."));
}
