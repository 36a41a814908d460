/** Without this file `x like "Gen%"` and `if c then a else b` would be refused word by word. */
import type { Arg as Words, Expr } from "../../grammar/ast.ts";
import { printArg, printColumn, printExpr } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import { turnedRound } from "../../grammar/sql_clauses.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { STAGE_BY_NAME } from "../stages/mod.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { single } from "./constant.ts";

/** What stands instead of a phrase, and where. */
export interface Rewritten {
  readonly span: Span;
  readonly text: string;
}

interface Phrase {
  readonly definition: StageDefinition;
  readonly words: readonly Words[];
  /** The word that has no place. */
  readonly at: number;
  readonly word: string;
}

type WithText = Omit<Phrase, "word"> & { readonly text: string };

/** A bare word in lower case, or "". */
function named(each: Words | undefined): string {
  const value = each === undefined ? null : single(each);
  return value?.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]!.toLowerCase() : "";
}

/** What a phrase of SQL, R or Python is in saeq; null for words that are none. */
export function phraseAt(phrase: Phrase): Rewritten | null {
  return conditional(phrase) ?? conditionBehind(phrase) ?? comparison(phrase) ?? alias(phrase) ?? called(phrase);
}

/** What was written last before the words, within `and`, `or` and `not`. */
function lastOperand(expr: Expr): Expr {
  if (expr.kind === "binary" && (expr.op === "and" || expr.op === "or")) return lastOperand(expr.right);
  return expr.kind === "unary" && expr.op === "not" ? lastOperand(expr.operand) : expr;
}

function firstOperand(expr: Expr): Expr {
  return expr.kind === "binary" && (expr.op === "and" || expr.op === "or") ? firstOperand(expr.left) : expr;
}

const lastValue = (words: Words | undefined): Expr | null => words?.items.at(-1)?.value ?? null;

/** Comparisons that other languages write as words. */
const COMPARED: Readonly<Record<string, string>> = { eq: "==", equals: "==", ne: "!=", neq: "!=", gt: ">", gte: ">=", ge: ">=", lt: "<", lte: "<=", le: "<=" };

/** `x like "Gen%"`, `x contains "Gen"`, `x between 1 and 10`. */
function comparison({ words, at, word }: Phrase): Rewritten | null {
  const [before, after] = [lastValue(words[at - 1]), words[at + 1] === undefined ? null : (words[at + 1]!.items[0]?.value ?? null)];
  if (before === null || after === null) return null;
  const left = lastOperand(before);
  const right = firstOperand(after);
  const replaced = (text: string | null, end = right.span.end): Rewritten | null => (text === null ? null : { span: { start: left.span.start, end }, text });
  const low = word.toLowerCase();
  if (low === "between") {
    const bounds = pairOf(after);
    return bounds === null ? null : replaced(`${printExpr(left)} in ${printExpr(bounds.from)}..${printExpr(bounds.to)}`, bounds.to.span.end);
  }
  if (low === "like" || low === "ilike") return right.kind === "str" ? replaced(liked(low === "like" ? printExpr(left) : `lower(${printExpr(left)})`, low === "like" ? right.value : right.value.toLowerCase())) : null;
  if (Object.hasOwn(COMPARED, low)) return replaced(`${printExpr(left)} ${COMPARED[low]} ${printExpr(right)}`);
  if (low === "is") return replaced(`${printExpr(left)} == ${printExpr(right)}`);
  const name = low.replace(/s?with$/, "s_with").replace("s__with", "s_with");
  const asked = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]! : null;
  return asked === null || asked.aggregate || asked.parameters.length !== 2 || asked.result !== "bool" ? null : replaced(`${name}(${printExpr(left)}, ${printExpr(right)})`);
}

/** The two sides of the first `and` of `1 and 10 and x`. */
function pairOf(expr: Expr): { readonly from: Expr; readonly to: Expr } | null {
  if (expr.kind !== "binary" || (expr.op !== "and" && expr.op !== "or")) return null;
  return pairOf(expr.left) ?? (expr.op === "and" ? { from: expr.left, to: expr.right } : null);
}

function liked(left: string, pattern: string): string | null {
  const [, from = "", inner = "", to = ""] = /^(%?)([^%_]*)(%?)$/.exec(pattern) ?? [];
  if (inner === "") return null;
  const text = JSON.stringify(inner);
  return from === "" ? (to === "" ? `${left} == ${text}` : `starts_with(${left}, ${text})`) : to === "" ? `ends_with(${left}, ${text})` : `contains(${left}, ${text})`;
}

/** `if c then a else b`, `case when c then a else b end`. */
function conditional({ words, at, word }: Phrase): Rewritten | null {
  const opening = lastValue(words[at - 1]);
  const sql = opening?.kind === "name" && opening.path.join(".").toLowerCase() === "case" && word.toLowerCase() === "when";
  if (opening?.kind !== "name" || (opening.path.join(".") !== "if" && !sql)) return null;
  const from = sql ? at + 1 : at;
  const [condition, then, yes, otherwise, no, end] = words.slice(from, from + 6);
  if (named(then) !== "then" || named(otherwise) !== "else") return null;
  const values = [condition, yes, no].map((each) => (each === undefined ? null : each.items[0]?.name === null ? each.items[0].value : null));
  if (values.some((value) => value === null)) return null;
  const last = sql && named(end) === "end" ? end!.span.end : values[2]!.span.end;
  return { span: { start: opening.span.start, end: last }, text: `if(${values.map((value) => printExpr(value!)).join(", ")})` };
}

/** `1 if c else 0`, as Python has it. */
function conditionBehind({ words, at, word }: Phrase): Rewritten | null {
  const yes = lastValue(words[at - 1]);
  const [condition, otherwise, no] = words.slice(at + 1, at + 4);
  const values = [condition, no].map((each) => (each === undefined ? null : each.items[0]?.name === null ? each.items[0].value : null));
  const second = otherwise === undefined ? null : single(otherwise);
  if (word !== "if" || yes === null || second?.kind !== "name" || second.path[0] !== "else" || values.some((value) => value === null)) return null;
  return { span: { start: yes.span.start, end: values[1]!.span.end }, text: `if(${[values[0]!, yes, values[1]!].map(printExpr).join(", ")})` };
}

/** `m = mean score`: a function and its column without brackets. */
function called({ definition, words, at }: Phrase): Rewritten | null {
  const fn = lastValue(words[at - 1]);
  const column = words[at] === undefined ? null : single(words[at]);
  const name = fn?.kind === "name" && !fn.quoted ? fn.path.join(".") : "";
  const made = Object.values(definition.args).some(({ shape, keyword }) => !keyword && (shape.kind === "assignments" || shape.kind === "predicate"));
  if (!made || fn === null || column?.kind !== "name" || words[at - 1]!.items.at(-1)!.name === null || !Object.hasOwn(FUNCTIONS, name) || !FUNCTIONS[name]!.aggregate || name === "count") return null;
  return { span: { start: fn.span.start, end: column.span.end }, text: `${name}(${printExpr(column)})` };
}

/** `a as b` where columns are named: `b = a`. */
function alias({ definition, words, at, word }: Phrase): Rewritten | null {
  const item = words[at - 1]?.items.at(-1);
  const name = words[at + 1]?.items[0]?.value;
  const names = Object.values(definition.args).some(({ shape }) => shape.kind === "assignments" || shape.kind === "parts");
  if ((word.toLowerCase() !== "as" && (word !== "to" || definition.name !== "rename")) || !names || item === undefined || item.name !== null || name?.kind !== "name") return null;
  return { span: { start: item.span.start, end: name.span.end }, text: `${printColumn(name.path.join("."))} = ${printExpr(item.value)}` };
}

/** `sample perfect 3 by kind`, `agg n = count() by kind`: what is done to each group, behind the stage that makes them. */
export function inGroups({ definition, words, at, text }: WithText): Rewritten | null {
  const columns = words[at + 1];
  if (named(words[at]) !== "by" || columns === undefined || at + 2 < words.length || definition.groups === "refused" || !definition.input.includes("table") || Object.values(definition.args).some(({ shape }) => shape.kind === "predicate")) return null;
  if (!columns.items.every(({ name, order, value }) => name === null && order === null && value.kind === "name")) return null;
  const start = text.lastIndexOf(definition.name, words[0]!.span.start - 1);
  const [from, own] = [text.slice(start + definition.name.length, words[0]!.span.start), text.slice(words[0]!.span.start, words[at]!.span.start)].map((each) => each.trim());
  return { span: { start, end: columns.span.end }, text: `${from === "" ? "" : `${from} | `}group ${printArg(columns)} | ${definition.name} ${own}` };
}

/** `where a > 1 order by b desc limit 5`, `group a having count() > 5`: the clauses of SQL behind a stage, each a stage; null where they are none. */
export function inClauses({ definition, words, at, text }: WithText): Rewritten | null {
  const word = named(words[at]);
  const next = named(words[at + 1]);
  const [first, end] = [words[0], words.at(-1)!.span.end];
  const grouping = definition.name === "group" && (word === "having" || word === "order");
  if (first === undefined || at === 0 || !(word === "limit" || word === "having" || ((word === "order" || word === "group") && next === "by")) || (word === "having" && !grouping)) return null;
  const tail = text.slice(words[at]!.span.start, end);
  const own = text.slice(first.span.start, words[at - 1]!.span.end);
  const query = grouping ? `select count(*) as n from t group by ${own} ${tail}` : `select * from t ${tail}`;
  const stages = turnedRound(query)?.split(" | ").slice(1).join(" | ");
  if (stages === undefined || stages === "") return null;
  return grouping ? { span: { start: text.lastIndexOf(definition.name, first.span.start), end }, text: stages } : { span: { start: words[at]!.span.start, end }, text: `| ${stages}` };
}

/** `groups a = sample perfect 5, b = …`: the members in brackets; null where they are, or where there is nothing to put in them. */
export function bracketed(words: readonly Words[], text: string): Rewritten | null {
  const items = words.flatMap((each) => each.items);
  const members = items.filter(({ name }) => name !== null);
  const [first] = items;
  const end = words.at(-1)?.span.end;
  if (first === undefined || first.name === null || end === undefined || items.length === members.length) return null;
  const written = members.map(({ name, value }, i) => {
    const until = members[i + 1]?.span.start ?? end;
    const rest = text.slice(value.span.end, until).replace(/,?\s*$/, "").trimStart();
    const own = text.slice(value.span.start, value.span.end);
    const member = rest === "" ? own : `${own}${isTable(value) && STAGE_BY_NAME.has(/^\w+/.exec(rest)?.[0] ?? "") ? " |" : ""} ${rest}`;
    return `${printExpr(name!)} = ${value.kind === "group" && rest === "" ? member : `(${member})`}`;
  });
  const made = written.join(", ");
  return made === text.slice(first.span.start, end) ? null : { span: { start: first.span.start, end }, text: made };
}

/** A pipeline in brackets, or a name that no stage has. */
export function isTable(value: Expr): boolean {
  return value.kind === "group" || (value.kind === "name" && (value.quoted || !STAGE_BY_NAME.has(value.path.join("."))));
}

/** `join csv "meta.csv" on id`: pipelines that a stage takes beside its input, each in brackets; null where none is written. */
export function pipelineBracketed({ definition, words, at, text }: WithText): Rewritten | null {
  const keyword = (each: Words | undefined): string | null => {
    const value = each === undefined ? null : single(each);
    return value?.kind === "name" && !value.quoted && definition.args[value.path.join(".")]?.keyword === true ? value.path.join(".") : null;
  };
  const before = words.findLastIndex((each, i) => i < at && keyword(each) !== null);
  const end = words.findIndex((each, i) => i >= at && keyword(each) !== null);
  const spec = before < 0 ? Object.values(definition.args).find((each) => !each.keyword) : definition.args[keyword(words[before])!];
  if (spec?.shape.kind !== "pipelines" || spec.shape.named) return null;
  const members: Span[] = [];
  for (const { items } of words.slice(before + 1, end < 0 ? words.length : end)) {
    for (const [i, { value, span }] of items.entries()) {
      const last = members.at(-1);
      if (i > 0 || last === undefined) {
        if (value.kind !== "group" && value.kind !== "name") return null;
        members.push(span);
      } else members[members.length - 1] = { start: last.start, end: span.end };
    }
  }
  const written = members.map(({ start, end }) => text.slice(start, end));
  if (!written.some(startsPipeline)) return null;
  const whole = { start: members[0]!.start, end: members.at(-1)!.end };
  return { span: whole, text: written.map((each) => (startsPipeline(each) ? `(${each})` : each)).join(", ") };
}

const startsPipeline = (written: string): boolean => STAGE_BY_NAME.has(written.split(/\s/)[0]!);
