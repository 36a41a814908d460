/** Without this file texts would be cut where JavaScript sees spaces, digits and words, not where the publisher's tokenizer does. */
import type { Json, JsonObject } from "./strict_json.ts";

/** GPT-2's own rule, which `ByteLevel` holds without saying it. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const PUNCTUATION = "[!-/:-@\\[-`{-~\\p{P}]";
/** `\w` of Rust's regex, which joins words by ZWJ and ZWNJ also. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D";

/**
 * A tokenizer.json whose pre-tokenizers are written as those that the library computes as Hugging Face tokenizers do (0.22 was compared): it has
 * `\s` and `\d` of JavaScript in all others, where U+FEFF is a space, U+0085 is none and `²` no digit, and cuts `Split` and `Punctuation` without
 * heed of `behavior`. In a `Split` by a regular expression it is exact.
 */
export function asComputed(tokenizer: JsonObject): JsonObject {
  const given = tokenizer["pre_tokenizer"];
  return isObject(given) ? { ...tokenizer, pre_tokenizer: rewritten(given) } : tokenizer;
}

function rewritten(given: JsonObject): Json {
  const behavior = typeof given["behavior"] === "string" ? given["behavior"].toLowerCase() : "isolated";
  switch (given["type"]) {
    case "Sequence":
      return { ...given, pretokenizers: Array.isArray(given["pretokenizers"]) ? given["pretokenizers"].map((each) => (isObject(each) ? rewritten(each) : each)) : null };
    case "ByteLevel":
      return byteLevel(given);
    case "Digits":
      return cut(given["individual_digits"] === true ? "\\p{N}" : "\\p{N}+", "isolated");
    case "Punctuation":
      return cut(PUNCTUATION, behavior);
    case "Whitespace":
      return only(`[${WORD}]+|[^${WORD}\\s]+`);
    case "WhitespaceSplit":
      return only("\\S+");
    case "BertPreTokenizer":
      return sequence([only("\\S+"), cut(PUNCTUATION, "isolated")]);
    case "CharDelimiterSplit":
      return typeof given["delimiter"] === "string" ? cut(literal(given["delimiter"]), "removed") : given;
    case "Split":
      return split(given, behavior);
    default:
      return given;
  }
}

function byteLevel(given: JsonObject): Json {
  if (given["use_regex"] === false) return given;
  const space = given["add_prefix_space"] === true ? [{ type: "Replace", pattern: { Regex: "\\A(?=[^ ])" }, content: " " }] : [];
  return sequence([...space, cut(GPT2, "isolated"), { ...given, add_prefix_space: false, use_regex: false }]);
}

/** A `Split`. What it finds and what lies between are pieces alike, so turned round it isolates the same. */
function split(given: JsonObject, behavior: string): Json {
  const found = given["pattern"];
  if (!isObject(found)) return given;
  const text = found["String"];
  const pattern = typeof text === "string" ? literal(text) : found["Regex"];
  if (typeof pattern !== "string" || (typeof text === "string" && text === "")) return given;
  if (given["invert"] !== true) return cut(pattern, behavior);
  return behavior === "removed" ? only(pattern) : behavior === "isolated" || behavior === "contiguous" ? cut(pattern, behavior) : given;
}

function cut(pattern: string, behavior: string): Json {
  const between = `(?:(?!${pattern})[\\s\\S])`;
  switch (behavior) {
    case "removed":
      return only(`${between}+`);
    case "contiguous":
      return { type: "Split", pattern: { Regex: `(?:${pattern})+` }, behavior: "Isolated", invert: false };
    case "mergedwithprevious":
      return only(`${between}*(?:${pattern})|${between}+`);
    case "mergedwithnext":
      return only(`(?:${pattern})${between}*|${between}+`);
    default:
      return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  }
}

/** Keeps what a pattern finds. */
function only(pattern: string): Json {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Removed", invert: true };
}

function sequence(pretokenizers: readonly Json[]): Json {
  return { type: "Sequence", pretokenizers: [...pretokenizers] };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
