/** Without this file tokens that only the class of a tokenizer in transformers names would be unknown. */
import type { Json, JsonObject } from "../strict_json.ts";
import { builtByLlama, llamaParts, otherModel } from "./llama_class.ts";

export type ClassTokens = Readonly<Record<string, string>>;

const END = "<|endoftext|>";

/** What the classes of transformers 5.24 take tokens to be where no file says (`models/…/tokenization_*.py`). */
export const CLASS_TOKENS: Readonly<Record<string, ClassTokens>> = {
  GPT2Tokenizer: { unk_token: END, bos_token: END, eos_token: END },
  CodeGenTokenizer: { unk_token: END, bos_token: END, eos_token: END },
  GPTNeoXTokenizer: { unk_token: END, bos_token: END, eos_token: END, pad_token: "<|padding|>" },
  Qwen2Tokenizer: { unk_token: END, eos_token: END, pad_token: END },
  Qwen3_5Tokenizer: { unk_token: END, eos_token: END, pad_token: END },
  LlamaTokenizer: { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>" },
  CohereTokenizer: { unk_token: "<UNK>", bos_token: "<BOS_TOKEN>", eos_token: "<|END_OF_TURN_TOKEN|>", pad_token: "<PAD>", cls_token: "<CLS>", sep_token: "<SEP>", mask_token: "<MASK_TOKEN>" },
  GemmaTokenizer: { unk_token: "<unk>", bos_token: "<bos>", eos_token: "<eos>", pad_token: "<pad>", mask_token: "<mask>" },
};

/** The class that `AutoTokenizer` takes for a type of model. */
const OF_TYPE: Readonly<Record<string, string>> = {
  gpt2: "GPT2Tokenizer", gpt_neo: "GPT2Tokenizer", phi: "GPT2Tokenizer", gpt_neox: "GPTNeoXTokenizer", olmo: "GPTNeoXTokenizer", olmoe: "GPTNeoXTokenizer", qwen2: "Qwen2Tokenizer", qwen3: "Qwen2Tokenizer", qwen2_moe: "Qwen2Tokenizer", qwen3_moe: "Qwen2Tokenizer", qwen3_next: "Qwen2Tokenizer",
  gptj: "GPT2Tokenizer", opt: "GPT2Tokenizer", starcoder2: "GPT2Tokenizer", cohere: "CohereTokenizer", cohere2: "CohereTokenizer",
  qwen3_5: "Qwen3_5Tokenizer", qwen3_5_text: "Qwen3_5Tokenizer", qwen3_5_moe: "Qwen3_5Tokenizer", qwen3_5_moe_text: "Qwen3_5Tokenizer",
  gemma: "GemmaTokenizer", gemma2: "GemmaTokenizer", gemma3: "GemmaTokenizer", gemma3_text: "GemmaTokenizer",
};

const DISTRUSTED = ["qwen2", "qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text"];
/** Their files may name any class, and they are made of none (of a Mistral or Mixtral where its own package is not there). */
const CLASSLESS = ["phi3", "mistral", "mistral3", "mixtral", "llava", "olmo2", "olmo3", "granite", "stablelm", "glm", "glm4"];

/**
 * The class of a tokenizer, without `Fast`; null for one that is made of tokenizer.json alone. `AutoTokenizer` distrusts the class that the files of a
 * Qwen 2 or 3.5 name, or those of one that is made without any, and a Llama tokenizer that cuts texts by bytes.
 */
export function tokenizerClass(tokenizer: JsonObject, config: JsonObject, model: JsonObject): string | null {
  const type = typeof model["model_type"] === "string" ? model["model_type"] : "";
  const said = [config["tokenizer_class"], model["tokenizer_class"]].find((name) => typeof name === "string" && name !== "") as string | undefined;
  const usual = Object.hasOwn(OF_TYPE, type) ? (OF_TYPE[type] as string) : null;
  const name = said === undefined || DISTRUSTED.includes(type) ? usual : CLASSLESS.includes(type) ? null : said.replace(/Fast$/, "");
  if (name === "LlamaTokenizer" && /"type":"ByteLevel"/.test(JSON.stringify([tokenizer["pre_tokenizer"] ?? null, tokenizer["decoder"] ?? null]))) return null;
  return name;
}

/** Classes that put a space before a text where the config says so, and only there, whatever tokenizer.json says. */
const SPACED_BY_CONFIG = ["GPT2Tokenizer", "GPTNeoXTokenizer", "CodeGenTokenizer", "Qwen2Tokenizer", "Qwen3_5Tokenizer", "CohereTokenizer"];

/** A tokenizer.json with what the class of the tokenizer makes of its config: the space before a text. */
export function builtByConfig(tokenizer: JsonObject, tokenizerClass: string | null, config: JsonObject): JsonObject {
  if (tokenizerClass === "LlamaTokenizer") return builtByLlama(tokenizer, config);
  return { ...tokenizer, pre_tokenizer: spacedByConfig(tokenizer["pre_tokenizer"], tokenizerClass, config) ?? null };
}

function spacedByConfig(given: Json | undefined, tokenizerClass: string | null, config: JsonObject): Json | undefined {
  if (tokenizerClass === null || !SPACED_BY_CONFIG.includes(tokenizerClass) || typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const { type, pretokenizers } = given as JsonObject;
  if (type === "Sequence" && Array.isArray(pretokenizers)) return { ...given, pretokenizers: pretokenizers.map((each) => spacedByConfig(each, tokenizerClass, config) ?? null) };
  return type === "ByteLevel" ? { ...given, add_prefix_space: config["add_prefix_space"] === true } : given;
}

const QWEN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN_WITH_MARKS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const byQwen = (regex: string): { readonly normalizer: Json; readonly pre_tokenizer: Json } => ({ normalizer: { type: "NFC" }, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex: regex }, behavior: "Isolated" }, { type: "ByteLevel", use_regex: false }] } });
const BY_BYTES: JsonObject = { type: "ByteLevel" };

/** What classes of transformers 5 put in the place of a tokenizer.json's own; those of 4 read what the file says. */
const BUILT: Readonly<Record<string, { readonly normalizer: Json; readonly pre_tokenizer: Json }>> = {
  GPT2Tokenizer: { normalizer: null, pre_tokenizer: BY_BYTES },
  GPTNeoXTokenizer: { normalizer: { type: "NFC" }, pre_tokenizer: BY_BYTES },
  CohereTokenizer: { normalizer: { type: "NFC" }, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, BY_BYTES] } },
  Qwen2Tokenizer: byQwen(QWEN),
  Qwen3_5Tokenizer: byQwen(QWEN_WITH_MARKS),
  GemmaTokenizer: { normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" }, pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious" } },
};

/** The parts of a tokenizer.json that its class in transformers 5 builds otherwise: `normalizer`, `pre_tokenizer`, of a Llama `model` too. */
export function builtOtherwise(tokenizer: JsonObject, tokenizerClass: string | null, config: JsonObject): readonly string[] {
  const built: JsonObject | undefined = tokenizerClass === "LlamaTokenizer" ? llamaParts(config) : tokenizerClass !== null && Object.hasOwn(BUILT, tokenizerClass) ? BUILT[tokenizerClass] : undefined;
  if (built === undefined) return [];
  const parts = (["normalizer", "pre_tokenizer"] as const).filter((part) => essence(tokenizer[part]) !== essence(built[part]));
  return tokenizerClass === "LlamaTokenizer" && otherModel(tokenizer) ? [...parts, "model"] : parts;
}

/** What a part does, as text: a list of one is its only member, and what is not said is what it is where nothing is said. */
function essence(part: Json | undefined): string {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return "";
  const given = part as JsonObject;
  const steps = given["pretokenizers"] ?? given["normalizers"];
  if (Array.isArray(steps)) return steps.map(essence).filter((step) => step !== "").join(" | ");
  const { type, pattern, content, behavior, invert, use_regex: byRule } = given;
  if (type === "ByteLevel") return `ByteLevel ${byRule !== false}`;
  if (type === "Metaspace") return JSON.stringify([type, given["replacement"] ?? "▁", given["prepend_scheme"] ?? "always", given["split"] !== false]);
  return type === "Split" || type === "Replace" ? JSON.stringify([type, pattern, content ?? null, String(behavior ?? "").toLowerCase(), invert === true]) : JSON.stringify(given);
}
