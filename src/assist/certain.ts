/** Without this file a fix that is only a guess could be written into a script that nobody looks at. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { SETTINGS } from "../check/settings.ts";
import { distance } from "../check/suggest.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { STAGES } from "../stages/mod.ts";

/** Mistakes of spelling alone: the fix writes in saeq what the text says already, and nothing else could be meant. */
const SPELLING: readonly string[] = [
  "unusual-blank", "foreign-operator", "foreign-hook", "joined-line", "curly-quotes", "dashed-flag", "keyword-case", "is-null", "not-in",
  "chained-comparison", "equals-sign", "single-equals", "misplaced-not", "pipe-in-brackets",
];

/** Names that are there in every script. */
const LANGUAGE: ReadonlySet<string> = new Set([
  ...STAGES.flatMap(({ name, args }) => [name, ...Object.entries(args).flatMap(([word, { shape }]) => [word, ...(shape.kind === "oneOf" ? shape.options : [])])]),
  ...Object.keys(FUNCTIONS),
  ...Object.keys(SETTINGS),
]);

/**
 * Whether the fix of a mistake may be made without a person looking at it. Where words may be missing, or another stage is proposed, only
 * the author knows; so does who meant which of several names of data.
 */
export function isCertain({ code, fix, severity }: Diagnostic, text: string): boolean {
  if (fix === undefined || severity !== "error") return false;
  const old = text.slice(fix.span.start, fix.span.end);
  const sameWords = fix.text === `(${old})` || fix.text === JSON.stringify(old);
  if (code === "foreign-operator" && old.startsWith("!") && !isPrefix(text.slice(0, fix.span.start), old)) return false;
  // `layer=7, last=5`
  const blanksForSigns = code === "extra-argument" && old !== fix.text && withoutSigns(old) === withoutSigns(fix.text);
  return SPELLING.includes(code) || (old !== "" && sameWords) || blanksForSigns || isSlip(old, fix.text);
}

const withoutSigns = (words: string): string => words.replace(/[\s,=]+/g, " ").trim();

/** Whether a `!` stands where only `not` can: behind a value `!=` may be meant, or nothing. */
function isPrefix(before: string, sign: string): boolean {
  return sign === "!==" || (sign === "!" && /(?:^|[^\p{L}\p{M}\p{N}_.`"')\]}]|(?<![\p{L}\p{M}\p{N}_.`])(?:and|or|not|where|assert))\s*$/u.test(before.trimEnd()));
}

/** One key too few, too many, wrong or swapped, and no other word of the language as near; in names of data a wrong one may be another name, and digits always are. */
function isSlip(old: string, now: string): boolean {
  const digits = (word: string): string => word.replace(/\P{N}/gu, "");
  if (old.length < 3 || !/^[\p{L}\p{M}\p{N}_]+$/u.test(old + now) || digits(old) !== digits(now)) return false;
  const [a, b] = [old.toLowerCase(), now.toLowerCase()];
  if (distance(a, b) > 1 || [...LANGUAGE].some((other) => LANGUAGE.has(now) && other !== now && distance(a, other.toLowerCase()) <= 1)) return false;
  const swapped = [...a].sort().join("") === [...b].sort().join("");
  return LANGUAGE.has(now) || a.length !== b.length || swapped;
}
