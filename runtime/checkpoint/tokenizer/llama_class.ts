/** Without this file a config that wants no space before a text would be overruled by a tokenizer.json that puts one there, which transformers reads the other way round. */
import type { Json, JsonObject } from "../strict_json.ts";

/** The parts that `LlamaTokenizer` of transformers 5.24 makes of a config, whatever a tokenizer.json has in their place (`models/llama/tokenization_llama.py`). */
export function llamaParts(config: JsonObject): JsonObject {
  const spaced = config["add_prefix_space"] !== false;
  const scheme = !spaced ? "never" : config["legacy"] === true ? "always" : "first";
  const decoders = [{ type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" }, ...(spaced ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : [])];
  return {
    normalizer: null,
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: false },
    decoder: { type: "Sequence", decoders },
  };
}

/** Its model: a character that has no bytes there is left out. */
const MODEL: JsonObject = { unk_token: null, fuse_unk: true, byte_fallback: true, ignore_merges: false, dropout: null, continuing_subword_prefix: null, end_of_word_suffix: null };

/**
 * A tokenizer.json as that class reads it where the config asks for it in both versions: with `add_prefix_space`, which makes transformers 4 build the tokenizer
 * anew too (`from_slow`), unless that says what most files hold already, a space put before everything.
 */
export function builtByLlama(tokenizer: JsonObject, config: JsonObject): JsonObject {
  const asked = config["add_prefix_space"] === false || (config["add_prefix_space"] === true && config["legacy"] === false);
  const model = tokenizer["model"];
  if (!asked || !isObject(model) || !Object.hasOwn(model, "merges")) return tokenizer;
  return { ...tokenizer, ...llamaParts(config), model: { ...model, ...MODEL } };
}

/** Whether that class makes other ids of a piece of text than a tokenizer.json's model does, which is one that falls back to bytes. */
export function otherModel(tokenizer: JsonObject): boolean {
  const model = tokenizer["model"];
  if (!isObject(model)) return false;
  const told = Object.entries(MODEL).filter(([key, value]) => (model[key] || null) !== (value || null)).map(([key]) => key);
  return told.some((key) => key !== "unk_token") || (told.length > 0 && !hasBytes(model["vocab"]));
}

function hasBytes(vocabulary: Json | undefined): boolean {
  return isObject(vocabulary) && Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`).every((name) => Object.hasOwn(vocabulary, name));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
