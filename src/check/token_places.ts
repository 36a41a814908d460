/** Without this file the words by which other tools name tokens (`pos -1`, `at last`, `of generated`) would be refused without saying how they are named here. */
import type { Arg as Words, Expr } from "../../grammar/ast.ts";
import type { Arg, Shape } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { bare, single } from "./constant.ts";
import type { Hint } from "./misplaced.ts";

/** Words before a place. */
const OF_PLACES: readonly string[] = ["pos", "position", "positions", "idx", "index", "indices", "token", "tokens", "token_pos", "at", "on", "only", "in", "the"];
/** What is counted from an end. */
const ENDS: readonly string[] = ["last", "first", "final"];
/** What follows a number of tokens. */
const UNITS: readonly string[] = ["token", "tokens", "position", "positions"];

const PARTS: Readonly<Record<string, readonly string[]>> = {
  continuation: ["generated", "generation", "generations", "completion", "completions", "response", "answer", "output", "outputs", "suffix", "new"],
  prompt: ["input", "inputs", "prefix", "question", "context", "prompts"],
};

const NAMED = "tokens are named from an end or by part: `first n`, `last n`, `of prompt`, `of continuation`; the first one is special, where the model has one";

const COUNTED = "tokens are counted here, and not numbered: `first 1` is the first one, `last 1` the last one";
const SPECIAL = "the token that begins a text is special: it is in no figure, and no edit changes it where `special` is not said";

/** Whether a stage reads or edits only some tokens of each text. */
const takesPlaces = (args: StageDefinition["args"]): boolean => ["first", "last", "of"].every((name) => args[name]?.keyword === true);

/** `pos -1`, `at last`, `only last 2`, `token 5`, `on generated`: the words of this language, or, where it has none for such a token, which it has. Null for everything else. */
export function asPlace(words: readonly Words[], at: number, args: Readonly<Record<string, Arg>>): Hint | null {
  const only = asOnlyPlace(words, at, args);
  if (only !== null) return only;
  const named = takesPlaces(args) ? (asNamed(words[at]!) ?? behindEnd(words, at)) : null;
  if (named !== null) return named;
  const [word, next] = [wordAt(words, at), words[at + 1]];
  const out = takesPlaces(args) ? (asLeftOut(words, at) ?? asFinal(words, at)) : null;
  if (out !== null) return out;
  if (!takesPlaces(args) || word === null || next === undefined) return ranged(word, next, args);
  if (!OF_PLACES.includes(word)) return ranged(word, next, args);
  const value = single(next);
  const number = value === null ? null : wholeOf(bare(value));
  const end = wordAt(words, at + 1);
  const start = words[at]!.span.start;
  if (end !== null && ENDS.includes(end)) {
    const given = words[at + 2] === undefined ? null : single(words[at + 2]!);
    const count = given === null ? null : wholeOf(bare(given));
    const counted = count !== null && count > 0;
    const to = at + (counted ? 2 : 1);
    const unit = wordAt(words, to + 1);
    const last = words[unit !== null && UNITS.includes(unit) ? to + 1 : to]!;
    return written(`${end === "first" ? "first" : "last"} ${counted ? count : 1}`, { start, end: last.span.end });
  }
  if (number === -1) return written("last 1", { start, end: next.span.end });
  const part = end === null ? null : partCalled(end);
  if (part !== null) return written(`of ${part}`, { start, end: next.span.end });
  return number !== null || value?.kind === "list" || value?.kind === "range" ? { notes: [NAMED] } : null;
}

/** `last token`, `last 0`: how many tokens were meant. `text`: what the value was read from. */
export function asCount(value: Expr, text: string): Hint | null {
  const at = bare(value);
  const word = at.kind === "name" && !at.quoted && at.path.length === 1 ? at.path[0]! : null;
  const end = /\b(first|last)\s+$/.exec(text.slice(0, value.span.start))?.[1] ?? "last";
  if (word !== null && UNITS.includes(word)) return word.endsWith("s") ? { notes: [COUNTED], help: `${end} 50` } : { ...written("1", value.span), label: `write \`${end} 1\`` };
  return wholeOf(at) === 0 ? { notes: [COUNTED], label: "did you mean `1`?", fix: { span: value.span, text: "1" } } : null;
}

/** `skip 1`, `skip_bos`: tokens that are left out; null for everything else. */
function asLeftOut(words: readonly Words[], at: number): Hint | null {
  const word = wordAt(words, at)?.toLowerCase() ?? "";
  const value = words[at + 1] === undefined ? null : single(words[at + 1]!);
  const count = value === null ? null : wholeOf(bare(value));
  const { start, end } = words[at]!.span;
  const before = words[at - 1]?.span.end ?? start;
  if (/^(?:skip|no|exclude|ignore|drop|without|mask)_?(?:bos|special|specials|special_tokens)$/.test(word)) return { notes: [SPECIAL], label: "leave it out", fix: { span: { start: before, end }, text: "" } };
  if (!/^(?:skip|skip_first|drop_first|ignore_first|exclude_first|start|offset)$/.test(word) || count === null) return null;
  return count === 0 || count === 1 ? { notes: [SPECIAL], label: "leave it out", fix: { span: { start: before, end: words[at + 1]!.span.end }, text: "" } } : { notes: [NAMED] };
}

/** `pos=-1`, `token=5` */
function asNamed({ items, span }: Words): Hint | null {
  const [item, ...more] = items;
  if (item === undefined || item.name === null || more.length > 0 || !OF_PLACES.includes(item.name.path.join("."))) return null;
  const number = wholeOf(bare(item.value));
  return number === -1 ? written("last 1", span) : number !== null || item.value.kind === "list" ? { notes: [NAMED] } : null;
}

/** `at last token`, `at position -1`, `-1`, where the last token is one of several choices; null for everything else. */
function asOnlyPlace(words: readonly Words[], at: number, args: Readonly<Record<string, Arg>>): Hint | null {
  const [keyword] = Object.entries(args).find(([, { keyword: named, shape }]) => named && shape.kind === "oneOf" && shape.options.includes("last")) ?? [];
  const value = single(words[at]!);
  if (keyword === undefined || value === null) return null;
  const { end } = words[at]!.span;
  if (UNITS.includes(wordAt(words, at) ?? "") && wordAt(words, at - 2) === keyword) return { label: "leave it out", fix: { span: { start: words[at - 1]!.span.end, end }, text: "" } };
  if (wholeOf(bare(value)) !== -1) return null;
  let first = at;
  while (first > 0 && OF_PLACES.includes(wordAt(words, first - 1) ?? "")) first--;
  return written(`${keyword} last`, { start: words[first]!.span.start, end });
}

/** `final token`, `final 3`, and `-1` without a word before it. */
function asFinal(words: readonly Words[], at: number): Hint | null {
  const value = single(words[at]!);
  if (value?.kind === "unary" && wholeOf(value) === -1) return written("last 1", words[at]!.span);
  if (wordAt(words, at) !== "final") return null;
  const next = words[at + 1] === undefined ? null : single(words[at + 1]!);
  const count = next === null ? null : wholeOf(bare(next));
  const counted = count !== null && count > 0;
  const to = at + (counted ? 1 : 0);
  const last = words[UNITS.includes(wordAt(words, to + 1) ?? "") ? to + 1 : to]!;
  return written(`last ${counted ? count : 1}`, { start: words[at]!.span.start, end: last.span.end });
}

/** `of last 2`, whose number has no place. */
function behindEnd(words: readonly Words[], at: number): Hint | null {
  const [of, end, value] = [wordAt(words, at - 2), wordAt(words, at - 1), single(words[at]!)];
  const count = value === null ? null : wholeOf(bare(value));
  if (of !== "of" || end === null || !ENDS.includes(end) || count === null || count < 1) return null;
  return written(`${end === "first" ? "first" : "last"} ${count}`, { start: words[at - 2]!.span.start, end: words[at]!.span.end });
}

/** `last` without its number: the one token. */
export function asOne(word: string, { end }: Words["span"]): Hint {
  return word === "last" || word === "first" ? { label: `write \`${word} 1\``, fix: { span: { start: end, end }, text: " 1" } } : {};
}

/** `from 3 to 5` */
function ranged(word: string | null, next: Words | undefined, args: Readonly<Record<string, Arg>>): Hint | null {
  const value = next === undefined ? null : single(next);
  return takesPlaces(args) && (word === "from" || word === "between") && value !== null && wholeOf(bare(value)) !== null ? { notes: [NAMED] } : null;
}

/** What stands for a choice among parts of a text: `of generated`, `of last`. `text`: what the value was read from. */
export function asPart(word: string, value: Expr, shape: Shape, text: string): Hint | null {
  if (shape.kind === "oneOf" && shape.options.includes("last") && wholeOf(value) === -1) return { label: "did you mean `last`?", fix: { span: value.span, text: "last" } };
  if (shape.kind !== "oneOf" || !["all", "prompt", "continuation"].every((each) => shape.options.includes(each))) return null;
  const part = partCalled(word);
  if (part !== null) return { label: `did you mean \`${part}\`?`, fix: { span: value.span, text: part } };
  const keyword = /\b(?:of|at|on)\s+$/.exec(text.slice(0, value.span.start))?.[0];
  if (!ENDS.includes(word) || keyword === undefined || shape.options.includes("last")) return null;
  return written(`${word === "first" ? "first" : "last"} 1`, { start: value.span.start - keyword.length, end: value.span.end });
}

const partCalled = (word: string): string | null => Object.keys(PARTS).find((part) => part === word.toLowerCase() || PARTS[part]!.includes(word.toLowerCase())) ?? null;

const written = (text: string, span: { readonly start: number; readonly end: number }): Hint => ({ label: `write \`${text}\``, fix: { span, text } });

function wordAt(words: readonly Words[], at: number): string | null {
  const value = words[at] === undefined ? null : single(words[at]);
  return value?.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]! : null;
}

/** A whole number with or without its sign. */
function wholeOf(value: Expr): number | null {
  if (value.kind === "num") return Number.isSafeInteger(value.value) ? value.value : null;
  if (value.kind !== "unary" || value.op !== "-") return null;
  const positive = wholeOf(value.operand);
  return positive === null ? null : -positive;
}
