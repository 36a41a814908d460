/** Without this file texts would be normalized as JavaScript does it, and some of their ids be others than the model was trained on. */
import { readCharsmap } from "./charsmap.ts";
import type { Json, JsonObject } from "../strict_json.ts";
import { expression } from "./library.ts";
import { asSeen, cleaned, lowerCase, normalForm, spacedCjk, trimmedLeft, trimmedRight, withoutBertMarks, withoutMarks, type Form } from "./unicode.ts";

export type Normalize = (text: string) => string;

/** The `normalizer` of a tokenizer.json, as Hugging Face tokenizers computes it; null where there is none. Throws where one of its kind is not known. */
export function normalizerOf(given: Json | undefined): Normalize | null {
  if (!isObject(given)) return null;
  switch (given["type"]) {
    case "Sequence": {
      const steps = (Array.isArray(given["normalizers"]) ? given["normalizers"] : []).map(normalizerOf).filter((step) => step !== null);
      return (text) => steps.reduce((made, step) => step(made), text);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form: Form = given["type"];
      return (text) => normalForm(text, form);
    }
    case "Lowercase":
      return lowerCase;
    case "StripAccents":
      return withoutMarks;
    case "Strip":
      return strip(given["strip_left"] === true, given["strip_right"] === true);
    case "Prepend": {
      const start = String(given["prepend"] ?? "");
      return (text) => (text === "" ? "" : start + text);
    }
    case "Replace":
      return replace(given);
    case "BertNormalizer":
      return bert(given);
    case "Precompiled":
      return charsmap(given);
    case "Nmt":
      return nmt;
    case "ByteLevel":
      return (text) => Array.from(Buffer.from(text), (byte) => BYTES[byte]).join("");
    default:
      throw new Error(`its normalizer is ${JSON.stringify(given["type"] ?? null)}`);
  }
}

/** So much of a text decides whether its start is kept. */
const START = 64;

/**
 * Whether what a text begins with is still of its first character once it is normalized, which `Metaspace` asks: not where that is taken away, and not
 * where it is replaced together with what follows, for what is put in stands where the last of them stood (`NormalizedString::replace`).
 */
export function startStays(given: Json | undefined): (text: string) => boolean {
  const steps = stepsOf(given).map((step) => ({ stays: staysIn(step), normalize: normalizerOf(step) ?? ((text: string): string => text) }));
  return (text) => {
    let start = text.slice(0, START);
    return steps.every(({ stays, normalize }) => {
      const stayed = stays(start);
      start = normalize(start);
      return stayed;
    });
  };
}

function stepsOf(given: Json | undefined): readonly JsonObject[] {
  if (!isObject(given)) return [];
  return given["type"] === "Sequence" && Array.isArray(given["normalizers"]) ? given["normalizers"].flatMap(stepsOf) : [given];
}

function staysIn(step: JsonObject): (start: string) => boolean {
  if (step["type"] !== "Replace") {
    const normalize = normalizerOf(step);
    const other = normalize?.("a");
    return (start) => start === "" || normalize?.(`${String.fromCodePoint(start.codePointAt(0) as number)}a`) !== other;
  }
  const looked = isObject(step["pattern"]) ? step["pattern"] : {};
  const text = looked["String"];
  const pattern = typeof text === "string" ? null : expression(looked);
  return (start) => {
    const [first] = pattern === null ? [] : asSeen(start).matchAll(pattern);
    const found = typeof text === "string" ? (start.startsWith(text) ? text : "") : first?.index === 0 ? first[0] : "";
    return found === "" || (step["content"] !== "" && Array.from(found).length === 1);
  };
}

function strip(left: boolean, right: boolean): Normalize {
  return (text) => {
    const rest = left ? trimmedLeft(text) : text;
    return right ? trimmedRight(rest) : rest;
  };
}

/** What is put in is text: `$&` and `$1` have no meaning. */
function replace(given: JsonObject): Normalize {
  const looked = isObject(given["pattern"]) ? given["pattern"] : {};
  const content = String(given["content"] ?? "");
  const text = looked["String"];
  if (typeof text === "string") return text === "" ? (whole) => whole : (whole) => whole.split(text).join(content);
  const pattern = expression(looked);
  return (whole) => {
    const seen = asSeen(whole);
    if (seen === whole) return whole.replace(pattern, () => content);
    let [made, done] = ["", 0];
    for (const { 0: found, index } of seen.matchAll(pattern)) {
      made += whole.slice(done, index) + content;
      done = index + found.length;
    }
    return made + whole.slice(done);
  };
}

/** Accents go before capitals do, and where nothing is said go with them. */
function bert(given: JsonObject): Normalize {
  const [lower, accents] = [given["lowercase"] === true, given["strip_accents"]];
  const steps: Normalize[] = [];
  if (given["clean_text"] === true) steps.push(cleaned);
  if (given["handle_chinese_chars"] === true) steps.push(spacedCjk);
  if (accents === true || (lower && accents !== false)) steps.push((text) => withoutBertMarks(normalForm(text, "NFD")));
  if (lower) steps.push(lowerCase);
  return (text) => steps.reduce((made, step) => step(made), text);
}

function charsmap(given: JsonObject): Normalize {
  const compiled = given["precompiled_charsmap"];
  const map = typeof compiled === "string" ? readCharsmap(compiled) : null;
  if (map === null) throw new Error("its `precompiled_charsmap` is none");
  return map;
}

const nmt: Normalize = (text) => text.replace(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g, "").replace(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, " ");

/** GPT-2's character for each byte: those that can be seen stand for themselves, the others for what comes after U+00FF. */
export const BYTES: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode((byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174 ? byte : next++));
})();

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
