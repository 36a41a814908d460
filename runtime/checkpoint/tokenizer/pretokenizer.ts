/** Without this file texts would be cut where JavaScript sees spaces, digits and words, not where the publisher's tokenizer does. */
import type { Json, JsonObject } from "../strict_json.ts";
import { expression } from "./library.ts";
import { BYTES } from "./normalizer.ts";
import { asSeen, PUNCTUATION, WORD } from "./unicode.ts";

/** Some pieces of a text, in order; `first`: the first of them begins where the text does, which `Metaspace` asks. */
interface Pieces {
  readonly texts: readonly string[];
  readonly first: boolean;
}
/** All pieces of a text, a thousand or so at a time: a book has millions. */
type Step = (pieces: Iterable<Pieces>) => Iterable<Pieces>;
const SOME_PIECES = 1024;
/** Where a pattern is found; it may be an expression, or text. */
type Pattern = RegExp | string;
type Behavior = "removed" | "isolated" | "contiguous" | "mergedwithprevious" | "mergedwithnext";
/** A stretch of a text that was found, or lies between. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly found: boolean;
}

const SPACE = /\p{White_Space}/gu;
/** GPT-2's own rule, which `ByteLevel` holds without saying it. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const BEHAVIORS: readonly Behavior[] = ["removed", "isolated", "contiguous", "mergedwithprevious", "mergedwithnext"];

/** The `pre_tokenizer` of a tokenizer.json, as Hugging Face tokenizers (0.22 and 0.23 were compared) computes it; null where there is none. Throws where one of its kind is not known. */
export function preTokenizerOf(given: Json | undefined): ((text: string, first: boolean) => Iterable<Pieces>) | null {
  if (!isObject(given)) return null;
  const step = stepOf(given);
  return (text, first) => step([{ texts: [text], first }]);
}

function stepOf(given: JsonObject): Step {
  switch (given["type"]) {
    case "Sequence": {
      const steps = (Array.isArray(given["pretokenizers"]) ? given["pretokenizers"] : []).filter(isObject).map(stepOf);
      return (pieces) => steps.reduce((made, step) => step(made), pieces);
    }
    case "ByteLevel":
      return byteLevel(given);
    case "Metaspace":
      return metaspace(given);
    case "Digits":
      return split(/\p{N}/gu, given["individual_digits"] === true ? "isolated" : "contiguous");
    case "Punctuation":
      return split(PUNCTUATION, behaviorOf(given));
    case "Whitespace":
      return split(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu"), "removed", true);
    case "WhitespaceSplit":
      return split(SPACE, "removed");
    case "BertPreTokenizer": {
      const [words, signs] = [split(SPACE, "removed"), split(PUNCTUATION, "isolated")];
      return (pieces) => signs(words(pieces));
    }
    case "CharDelimiterSplit":
      return split(String(given["delimiter"] ?? ""), "removed");
    case "FixedLength":
      return split(new RegExp(`[\\s\\S]{1,${typeof given["length"] === "number" ? given["length"] : 5}}`, "gu"), "isolated");
    case "Split": {
      const looked = isObject(given["pattern"]) ? given["pattern"] : {};
      const pattern = typeof looked["String"] === "string" ? looked["String"] : expression(looked);
      return split(pattern, behaviorOf(given), given["invert"] === true);
    }
    default:
      throw new Error(`its pre-tokenizer is ${JSON.stringify(given["type"] ?? null)}`);
  }
}

function behaviorOf(given: JsonObject): Behavior {
  const said = typeof given["behavior"] === "string" ? given["behavior"].toLowerCase().replaceAll("_", "") : "isolated";
  const known = BEHAVIORS.find((behavior) => behavior === said);
  if (known === undefined) throw new Error(`one of its pre-tokenizers has the behavior ${JSON.stringify(given["behavior"])}`);
  return known;
}

/** Each piece changed, and none cut. */
function* changed(pieces: Iterable<Pieces>, change: (text: string, first: boolean) => string): Generator<Pieces> {
  for (const { texts, first } of pieces) yield { texts: texts.map((text, at) => change(text, first && at === 0)), first };
}

function byteLevel(given: JsonObject): Step {
  const spaced = given["add_prefix_space"] === true;
  const cut = given["use_regex"] === false ? null : split(expression({ Regex: GPT2 }), "isolated");
  return (pieces) => {
    const before = spaced ? changed(pieces, (text) => (text.startsWith(" ") ? text : ` ${text}`)) : pieces;
    return changed(cut === null ? before : cut(before), bytesOf);
  };
}

/** A character for each byte of UTF-8. */
function bytesOf(text: string): string {
  if (/^[!-~]*$/.test(text)) return text;
  let made = "";
  for (const byte of Buffer.from(text)) made += BYTES[byte] as string;
  return made;
}

/** Spaces become marks, one is put before a text, and each begins a piece unless `split` says no. */
function metaspace(given: JsonObject): Step {
  const mark = typeof given["replacement"] === "string" ? given["replacement"] : "▁";
  const scheme = given["prepend_scheme"] ?? "always";
  if (given["add_prefix_space"] === false && scheme !== "never") throw new Error("its `add_prefix_space` does not agree with its `prepend_scheme`");
  const cut = given["split"] === false ? null : split(mark, "mergedwithnext");
  return (pieces) => {
    const marked = changed(pieces, (text, first) => {
      const spaced = text.replaceAll(" ", () => mark);
      return !spaced.startsWith(mark) && (scheme === "always" || (scheme === "first" && first)) ? mark + spaced : spaced;
    });
    return cut === null ? marked : cut(marked);
  };
}

/** `NormalizedString.split`; turned round, what is found and what lies between change places. */
function split(pattern: Pattern, behavior: Behavior, invert = false): Step {
  return function* (pieces) {
    for (const { texts, first } of pieces) {
      let made: string[] = [];
      let begins = first && texts.length > 0;
      for (let at = 0; at < texts.length; at++) {
        const text = texts[at] as string;
        const all = stretches(text, pattern, invert);
        for (const { start, end } of behavior === "isolated" ? all : divided(all, behavior)) {
          if (end === start) continue;
          if (made.length === 0) begins &&= at === 0 && start === 0;
          made.push(start === 0 && end === text.length ? text : text.slice(start, end));
          if (made.length < SOME_PIECES) continue;
          yield { texts: made, first: begins };
          made = [];
          begins = false;
        }
      }
      if (made.length > 0) yield { texts: made, first: begins };
    }
  };
}

function* stretches(text: string, pattern: Pattern, invert: boolean): Generator<Stretch> {
  let done = 0;
  if (typeof pattern === "string") {
    if (pattern !== "") {
      for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, done)) {
        if (at > done) yield { start: done, end: at, found: invert };
        done = at + pattern.length;
        yield { start: at, end: done, found: !invert };
      }
    }
  } else {
    for (const { 0: found, index } of asSeen(text).matchAll(pattern)) {
      if (found === "" && index === done && index !== 0) continue;
      if (index > done) yield { start: done, end: index, found: invert };
      done = index + found.length;
      yield { start: index, end: done, found: !invert };
    }
  }
  if (done < text.length) yield { start: done, end: text.length, found: invert };
}

/** `SplitDelimiterBehavior` of `tokenizer/normalizer.rs`. */
function* divided(all: Iterable<Stretch>, behavior: Exclude<Behavior, "isolated">): Generator<Stretch> {
  /** The last one, which the next may join, and whether what ends it was found. */
  let last: Stretch | null = null;
  let before = false;
  for (const stretch of all) {
    if (behavior === "removed") {
      if (!stretch.found) yield stretch;
      continue;
    }
    const joins = behavior === "contiguous" ? before === stretch.found : behavior === "mergedwithnext" ? before && !stretch.found : stretch.found && !before;
    if (last !== null && joins) last = { ...stretch, start: last.start };
    else {
      if (last !== null) yield last;
      last = stretch;
    }
    before = stretch.found;
  }
  if (last !== null) yield last;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
