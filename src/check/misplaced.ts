/** Without this file a word that has no place after a stage would be refused without saying what was meant. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import { printArg, printExpr } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import type { Schema } from "../ops/schema.ts";
import { holdsOf, type Arg, type Shape } from "../stages/args.ts";
import { STAGE_BY_NAME } from "../stages/mod.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { bare, single } from "./constant.ts";
import { unquotedText } from "./meant_words.ts";
import { bracketed, inClauses, inGroups, isTable, phraseAt, pipelineBracketed, type Rewritten } from "./phrases.ts";
import { pasteable, settingCalled, SETTINGS, valueCalled } from "./settings.ts";
import { distance, listed, nearest } from "./suggest.ts";
import { asDescribed, asDrawn, formatted } from "./of_other_tools.ts";
import { orderNamed } from "./sort_keys.ts";
import { asPlace } from "./token_places.ts";

export type Hint = Partial<Pick<Diagnostic, "label" | "fix" | "notes" | "help">>;

export interface Misplaced {
  readonly definition: StageDefinition;
  /** What flows in; null for a source. */
  readonly input: Schema | null;
  readonly words: readonly Words[];
  /** Which of the words has no place. */
  readonly at: number;
  /** Arguments that have their words. */
  readonly filled: readonly string[];
  /** What the words were read from. */
  readonly text: string;
  /** A line of its own before the statement, and the words in the span taken out; null where there is no place for it. */
  readonly ownLine: (line: string, span: Span) => Fix | null;
}

type Spec = readonly [string, Arg];

/** An argument of one bare word, or null. */
export function wordOf(words: Words): string | null {
  const value = single(words);
  return value !== null && value.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]! : null;
}

/** Whether an argument names columns. */
export const ofColumns = ({ kind }: Shape): boolean => kind === "column" || kind === "columns" || kind === "names" || kind === "keys";

/** Words that other languages put before columns (`sort by score`, `distinct on prompt`). */
const PREPOSITIONS: readonly string[] = ["by", "on"];
/** Words that other languages put before files. */
const OF_FILES: readonly string[] = ["as", "to", "into", "in", "from", "file", "path", "csv", "tsv", "json", "jsonl", "parquet", "svg"];

/** A preposition before the columns of a stage that takes them without, `of` or the argument's own name before its number; null for everything else, and for a column of that name. */
export function needless(words: Words, next: Words | undefined, name: string, { shape }: Arg): Hint | null {
  const word = wordOf(words);
  if (word === null || next === undefined) return null;
  const numbers = shape.kind === "int" && ["num", "paramRef"].includes(next.items[0]!.value.kind) && ["of", "for", "first", "top", "only", "the", "k", "n", "num", name, `${name}s`].includes(word);
  const files = shape.kind === "path" && next.items[0]!.value.kind === "str" && OF_FILES.includes(word);
  if (!numbers && !files && (!PREPOSITIONS.includes(word) || !ofColumns(shape))) return null;
  return { label: "leave it out", fix: { span: { start: words.span.start, end: next.span.start }, text: "" } };
}

/** What was meant by words that have no place; `known`: which keywords there are. */
export function misplaced(given: Misplaced): Hint & { readonly known: string } {
  const { definition, words, at, input } = given;
  const specs: readonly Spec[] = Object.entries(definition.args).filter(([, spec]) => holdsOf(spec, input));
  const keywords = specs.filter(([, { keyword }]) => keyword).map(([name]) => name);
  const rewritten = behindMembers(given) === null ? asPhrase(given) : null;
  const known = keywords.length === 0 ? "it has no keywords" : `its keywords: ${listed(keywords)}`;
  const each = words[at]!;
  const word = wordOf(each);
  const [item] = each.items;
  if (rewritten !== null) return { ...(rewritten.text.includes("\n") ? {} : { label: `write \`${rewritten.text}\`` }), fix: rewritten, known };
  const whole = asDescribed(given) ?? asDrawn(given);
  if (whole !== null) return { ...whole, known };
  const place = asPlace(words, at, definition.args);
  if (place !== null) return { ...place, notes: place.notes ?? [], known };
  const filled = (hint: Hint): Hint | null => (Object.keys(hint).length === 0 ? null : hint);
  if (word === null) return { ...(asOrderNamed(given) ?? (item?.name == null ? null : asSetting(given, item.name.path.join("."), item.value)) ?? asMore(given) ?? filled(withKeyword(each, words, specs)) ?? asOfOthers(given)), known };
  const texts = Object.values(definition.args).find(({ keyword }) => !keyword)?.shape.kind === "string" ? unquotedText(words, given.text) : null;
  if (texts !== null) return { ...texts, known };
  const numbered = asNumbered(word, each.span, specs);
  if (numbered !== null) return { ...numbered, known };
  const before = beforeKeyword(word, words[at + 1], specs);
  if (before) return { label: "leave it out", fix: { span: { start: each.span.start, end: words[at + 1]!.span.start }, text: "" }, known };
  if (specs.some(([name, { shape }]) => shape.kind === "flag" && ["un", "no_", "not_"].some((no) => word === `${no}${name}`))) return { label: "leave it out", fix: { span: { start: words[at - 1]?.span.end ?? each.span.start, end: each.span.end }, text: "" }, known };
  const near = specs.find(([, { alsoCalled }]) => alsoCalled?.includes(word.toLowerCase()))?.[0] ?? nearest(word, keywords);
  const other = near !== null && distance(word, near) <= 1 ? near : (asChoice(word, specs) ?? near);
  if (other !== null) return { label: `did you mean \`${other}\`?`, fix: { span: each.span, text: other }, known };
  const following = words[at + 1];
  const hint = asSetting(given, word, following) ?? asOrder(given, word) ?? asAggregate(given, word) ?? asUnit(words[at - 1], each) ?? asColumn(given, specs) ?? asStage(given) ?? asOfOthers(given);
  return { ...hint, known };
}

/** `… | acts layer 7 | compare score`: what the stage takes of another kind of input alone. */
function asOfOthers({ definition, input, words, at, filled, text }: Misplaced): Hint | null {
  const others = Object.entries(definition.args).find(([name, spec]) => !spec.keyword && !filled.includes(name) && !holdsOf(spec, input));
  // Words behind it, up to a keyword, have no place for the same reason.
  const more = words.findIndex((each, i) => i > at && Object.hasOwn(definition.args, wordOf(each) ?? ""));
  const { start } = words[at]!.span;
  const { end } = words[(more < 0 ? words.length : more) - 1]!.span;
  return others === undefined ? null : { notes: [others[1].doc], label: "leave it out", fix: { span: { start: text.slice(0, start).trimEnd().length, end }, text: "" } };
}

/** `at last 2`: another word for a choice, where what follows is no choice and a keyword of its own. */
function beforeKeyword(word: string, next: Words | undefined, specs: readonly Spec[]): boolean {
  const following = next === undefined ? null : wordOf(next);
  return following !== null && specs.some(([, { alsoCalled, shape }]) => shape.kind === "oneOf" && alsoCalled?.includes(word) === true && !shape.options.includes(following)) && specs.some(([name, { keyword }]) => keyword && name === following);
}

/** `x like "Gen%"`, `a as b`, `if c then a else b`, groups without brackets. */
function asPhrase({ definition, words, at, text }: Misplaced): Rewritten | null {
  const word = words[at] === undefined ? null : wordOf(words[at]);
  const phrase = phraseAt({ definition, words, at, word: word ?? "" });
  return phrase ?? formatted({ definition, words, at, text }) ?? countedDistinct({ definition, words, at, text }) ?? inGroups({ definition, words, at, text }) ?? inClauses({ definition, words, at, text }) ?? (takesMembers(definition) ? bracketed(words, text) : pipelineBracketed({ definition, words, at, text }));
}

export type Around = Pick<Misplaced, "definition" | "words" | "at" | "text">;

/** `count distinct class` */
function countedDistinct({ definition, words, at, text }: Around): Rewritten | null {
  const columns = words[at + 1];
  if (definition.name !== "count" || words[at] === undefined || wordOf(words[at]) !== "distinct" || at !== 0 || columns === undefined || words.length > 2) return null;
  return { span: { start: text.lastIndexOf("count", words[0]!.span.start), end: columns.span.end }, text: `distinct ${printArg(columns)} | count` };
}

const takesMembers = ({ args }: StageDefinition): boolean => Object.values(args).some(({ shape, keyword }) => shape.kind === "pipelines" && shape.named && !keyword);

/** `groups a = x, b = y count`: what stands behind the last member, which is whole, is a stage for all of them. */
function behindMembers(given: Misplaced): Hint | null {
  const { definition, words, at } = given;
  const member = words[at - 1]?.items.at(-1);
  const more = words.slice(at + 1).some(({ items }) => items.some(({ name }, i) => i > 0 && name !== null));
  return !takesMembers(definition) || member === undefined || member.name === null || !isTable(member.value) || more ? null : asStage(given);
}

/** `take 3 rows`: what is counted is said by the stage. */
function asUnit(last: Words | undefined, words: Words): Hint | null {
  const number = last === undefined ? null : single(last);
  if (number?.kind !== "num" || !/^(?:rows?|texts?|prompts?|samples?|features?|lines?|items?|tokens?|times|records?|entries)$/.test(wordOf(words) ?? "")) return null;
  return { label: "leave it out", fix: { span: { start: number.span.end, end: words.span.end }, text: "" } };
}

/** A stage whose `|` was forgotten. */
function asStage({ definition, words, at, filled, input }: Misplaced): Hint | null {
  const word = wordOf(words[at]!);
  const stage = word === null ? undefined : STAGE_BY_NAME.get(word);
  const whole = Object.entries(definition.args).every(([name, { required }]) => !required || filled.includes(name));
  if (stage === undefined || stage.input.length === 0 || !whole) return null;
  const unit = input === null || stage.input.includes(input.kind) ? null : asUnit(words[at - 1], words[at]!);
  if (unit !== null) return unit;
  const { start } = words[at]!.span;
  return { label: "write `|` before it", fix: { span: { start, end: start }, text: "| " } };
}

/** One more value of a list without its comma (`prompts "a" "b"`, `layer 3 16`). */
function asMore({ definition, words, at }: Misplaced): Hint | null {
  const [last, before] = [words[at - 1], words[at - 2]];
  const item = words[at]?.items[0];
  if (last === undefined || item === undefined || (item.name !== null && !takesMembers(definition))) return null;
  const keyword = before === undefined ? null : wordOf(before);
  const open = Object.values(definition.args).find(({ keyword: named }) => !named);
  if (takesMembers(definition) && words[at]!.items.every(({ name }) => name !== null) && last.items.at(-1)?.name !== null) return { label: "write a comma before it", fix: { span: { start: last.span.end, end: last.span.end }, text: "," } };
  const shape = keyword !== null && Object.hasOwn(definition.args, keyword) ? definition.args[keyword]!.shape : open?.shape;
  const lists = (shape?.kind === "int" && shape.list && item.value.kind === "num") || (shape?.kind === "string" && shape.list && item.value.kind === "str");
  return lists && last.items.at(-1)?.value.kind === item.value.kind ? { label: "write a comma before it", fix: { span: { start: last.span.end, end: last.span.end }, text: "," } } : null;
}

/** The keyword that was left out (`acts 7`, `ablate 5, 7`), or that was written as in Python (`acts layer=7`). */
function withKeyword({ items, span }: Words, words: readonly Words[], specs: readonly Spec[]): Hint {
  const [item] = items;
  if (item === undefined) return {};
  const listing = items.length > 1;
  if (listing && items.some(({ name, value }) => name !== null || value.kind !== "num")) return {};
  const given = item.name?.path.join(".");
  if (item.name !== null && specs.some(([name, { keyword, shape }]) => keyword && shape.kind !== "flag" && name === given)) {
    return { label: "write a blank for `=`", fix: { span: { start: item.name.span.end, end: item.value.span.start }, text: " " } };
  }
  const flag = listing ? null : asFlag(item.value, span, specs);
  if (flag !== null) return flag;
  if (item.value.kind !== "num") return {};
  const said = words.map(wordOf);
  const left = specs.filter(([name, { keyword, shape }]) => keyword && !said.includes(name) && (!listing || (shape.kind === "int" && shape.list)));
  const needed = left.filter(([, { required }]) => required);
  const [only, ...others] = needed.length > 0 ? needed : left.filter(([, { shape }]) => shape.kind === "int");
  if (only === undefined || others.length > 0) return {};
  // `generate 20 tokens`: what is counted is said by the keyword.
  const number = words.findIndex((each) => each.span.start === span.start);
  const unit = words[number + 1];
  // `steer 769 5`: what stands behind it is how much, where the stage is told one such number.
  const [amount] = left.filter(([, { shape }]) => shape.kind === "float");
  const much = unit === undefined || listing ? null : single(unit);
  if (amount !== undefined && words.length === number + 2 && much !== null && (bare(much).kind === "num" || (much.kind === "unary" && much.op === "-" && bare(much.operand).kind === "num"))) {
    const text = `${only[0]} ${printArg(words[number]!)} ${amount[0]} ${printArg(unit!)}`;
    return { label: `write \`${text}\``, notes: [`\`${amount[0]}\`: ${amount[1].doc}`], fix: { span: { start: span.start, end: unit!.span.end }, text } };
  }
  if (unit === undefined || only[1].alsoCalled?.includes(wordOf(unit) ?? "") !== true) return before(only[0], span);
  const text = `${only[0]} ${printArg(words[number]!)}`;
  return { label: `write \`${text}\``, fix: { span: { start: span.start, end: unit.span.end }, text } };
}

/** `layer7`, `L7`: a keyword and its number without a blank. */
function asNumbered(word: string, span: Span, specs: readonly Spec[]): Hint | null {
  const [, letters, number] = /^([A-Za-z_]+?)_?(\d+)$/.exec(word) ?? [];
  if (letters === undefined) return null;
  const meant = specs.filter(([name, { keyword, shape }]) => keyword && shape.kind === "int" && (name === letters.toLowerCase() || (letters.length === 1 && name.startsWith(letters.toLowerCase()))));
  const [only, ...others] = meant.some(([, { required }]) => required) ? meant.filter(([, { required }]) => required) : meant;
  return only === undefined || others.length > 0 ? null : { label: `write \`${only[0]} ${number}\``, fix: { span, text: `${only[0]} ${number}` } };
}

/** `-l 7`, `-n 3`: the keyword that begins with the letter; the argument without it where none does. */
function asFlag(value: Expr, { start, end }: Span, specs: readonly Spec[]): Hint | null {
  const letter = value.kind === "unary" && value.op === "-" && value.operand.kind === "name" && value.operand.path.length === 1 ? value.operand.path[0]! : "";
  if (letter.length !== 1) return null;
  const meant = specs.filter(([name, { keyword }]) => keyword && name.startsWith(letter));
  const [only, ...others] = meant.some(([, { required }]) => required) ? meant.filter(([, { required }]) => required) : meant;
  return only === undefined || others.length > 0 ? null : { label: `write \`${only[0]}\``, fix: { span: { start, end }, text: only[0] } };
}

function before(keyword: string, { start }: Words["span"]): Hint {
  return { label: `did you mean \`${keyword}\` before it?`, fix: { span: { start, end: start }, text: `${keyword} ` } };
}

/** A value whose keyword was left out (`acts layer 7 resid_post`), also with the prefix that TransformerLens gives to hooks. */
function asChoice(word: string, specs: readonly Spec[]): string | null {
  const plain = word.replace(/^hook_/, "");
  const choices = specs.flatMap(([name, { keyword, shape }]) => (keyword && shape.kind === "oneOf" ? shape.options.map((option) => ({ name, option })) : []));
  const found = choices.find(({ option }) => option === plain) ?? choices.find(({ option }) => plain.length > 3 && distance(plain, option) === 1);
  return found === undefined ? null : `${found.name} ${found.option}`;
}

/** A setting that was written as if the stage had it for a keyword (`acts layer 7 sae "x"`, `sae="x"`): where it belongs, as a line to paste. */
function asSetting({ words, at, ownLine }: Misplaced, name: string, value: Expr | Words | undefined): Hint | null {
  const setting = settingCalled(name);
  if (setting === null) return null;
  const line = `set ${setting} ${value === undefined ? pasteable(SETTINGS[setting]!) : valueCalled(setting, "kind" in value ? printExpr(value) : printArg(value))}`;
  const fix = value === undefined ? null : ownLine(line, { start: words[at - 1]?.span.end ?? words[at]!.span.start, end: value.span.end });
  return { notes: [`\`${setting}\` is a setting: on a line of its own it holds for all that follows`], ...(fix === null ? { help: line } : { fix }) };
}

/** `sort score descending` */
function asOrder({ definition, words, at, filled }: Misplaced, word: string): Hint | null {
  const order = /^(?:desc|rev)/i.test(word) ? "desc" : /^asc/i.test(word) ? "asc" : null;
  if (order === null || !filled.some((name) => definition.args[name]!.shape.kind === "keys")) return null;
  return { label: `did you mean \`${order}\`?`, fix: { span: words[at]!.span, text: order } };
}

/** `sort score ascending=False` */
function asOrderNamed({ definition, words, at, filled }: Misplaced): Hint | null {
  const [item, ...more] = words[at]!.items;
  const [order, ...others] = (item === undefined || more.length > 0 ? null : orderNamed(item)) ?? [];
  if (order === undefined || others.length > 0 || !filled.some((name) => definition.args[name]!.shape.kind === "keys")) return null;
  return { label: order === "asc" ? "leave it out" : "write `desc`", fix: { span: { start: words[at - 1]!.span.end, end: words[at]!.span.end }, text: order === "asc" ? "" : " desc" } };
}

/** `stats mean score`: figures of columns are what \`agg\` gives. */
function asAggregate({ input, words, at }: Misplaced, word: string): Hint | null {
  const column = words[at + 1]?.items[0];
  const kind = input?.kind;
  const call = column === undefined || (kind !== "table" && kind !== "features") ? null : aggregateOf(word, column);
  return call === null ? null : { help: `agg ${call}` };
}

/** `mean_score = mean(score)` for the words `mean score`; null where the first is no aggregate of one column. */
export function aggregateOf(fn: string, { name, value }: Item): string | null {
  if (!Object.hasOwn(FUNCTIONS, fn) || !FUNCTIONS[fn]!.aggregate || name !== null || value.kind !== "name") return null;
  return `${columnNamed(fn, value)} = ${fn}(${printExpr(value)})`;
}

/** A name for the column of a call: `mean_score` for `mean(score)`. */
export function columnNamed(fn: string, first: Expr | undefined): string {
  const [word, ...more] = first?.kind === "name" ? first.path : [];
  return word !== undefined && more.length === 0 && /^\w+$/.test(word) ? `${fn}_${word}` : fn;
}

/** One more column without a comma (`select id prompt`), or the first without its keyword (`count kind`). */
function asColumn({ definition, words, at, filled, input }: Misplaced, specs: readonly Spec[]): Hint | null {
  const { span } = words[at]!;
  const last = words[at - 1];
  // What has no input has columns of a file alone.
  const open = specs.filter(([name, { keyword, shape }]) => keyword && ofColumns(shape) && !filled.includes(name) && (input !== null || shape.kind === "names"));
  const [only] = open;
  const word = wordOf(words[at]!) ?? "";
  const there = input === null || !input.known || input.columns.length === 0 || input.columns.some(({ name }) => name === word || name.startsWith(word) || nearest(word, [name]) !== null);
  const flagged = last !== undefined && definition.args[wordOf(last) ?? ""]?.shape.kind === "flag";
  if (there && only !== undefined && open.length === 1 && (flagged || filled.every((name) => !ofColumns(definition.args[name]!.shape)))) return before(only[0], span);
  const listing = last !== undefined && !flagged && filled.some((name) => ["columns", "names", "keys", "assignments"].includes(definition.args[name]!.shape.kind));
  return listing ? { label: "write a comma before it", fix: { span: { start: last.span.end, end: last.span.end }, text: "," } } : null;
}

/** `compare score paired by id`: a column behind a keyword that takes none, where another one of the stage does. */
export function asKeywordOfColumn(word: string, { start, end }: Span, { stage, schema, text }: { readonly stage: string; readonly schema: Schema; readonly text: string }): Hint | null {
  const keyword = /\b\w+\s+$/.exec(text.slice(0, start))?.[0];
  const [only, ...others] = Object.entries(STAGE_BY_NAME.get(stage)?.args ?? {}).filter(([, spec]) => spec.keyword && spec.shape.kind === "column" && holdsOf(spec, schema));
  if (keyword === undefined || only === undefined || others.length > 0 || !schema.columns.some(({ name }) => name === word)) return null;
  return { label: `did you mean \`${only[0]} ${word}\`?`, fix: { span: { start: start - keyword.length, end }, text: `${only[0]} ${text.slice(start, end)}` } };
}
