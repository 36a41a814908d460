/** Without this file there would be no `Script`: it turns statements of the concrete tree into the plain tree that every later phase reads. */
import type { IToken } from "chevrotain";
import type { Comment, Def, Edition, Formal, Let, Name, Param, Pipeline, Script, Set, Statement, Use } from "./ast.ts";
import { syntaxError } from "./codes.ts";
import type { DefCstNode, EditionCstNode, ElementsCstNode, LetCstNode, ParamCstNode, SetCstNode, StatementCstNode, UseCstNode } from "./cst.d.ts";
import { docAbove } from "./comments.ts";
import type { StatementsRead } from "./parser.ts";
import { buildArg, buildPipeline, hole, once, report, reportStray, row, looseItems } from "./parts.ts";
import type { LooseItem, Site } from "./parts.ts";
import { cover, span } from "./span.ts";
import type { Span } from "./span.ts";
import { declared, equalsBehind, moduleNamed } from "./statement_fixes.ts";
import * as T from "./tokens.ts";
import { readName } from "./values.ts";
import { clip, spanOf } from "./words.ts";

export interface Built {
  readonly script: Script;
  /** The grammar could not place some of the words. */
  readonly lost: boolean;
}

/** Concrete tree to plain tree, in steps. `site.diagnostics` receives what is missing or out of place. */
export function* building(read: Iterable<StatementsRead>, around: Pick<Script, "comments" | "blankLines" | "wordStarts">, site: Site): Generator<void, Built> {
  const statements: Statement[] = [];
  const lost: IToken[] = [];
  // What a statement lacks may be told by how the next one begins.
  let last: StatementCstNode | null = null;
  const add = (following: string): void => {
    const statement = last === null ? null : buildStatement(last, around.comments, { ...site, following });
    if (statement !== null) statements.push(statement);
  };
  for (const portion of read) {
    for (const node of portion.statements) {
      add(openingWord(node));
      last = node;
    }
    for (const token of portion.lost) lost.push(token);
    yield;
  }
  add("");
  if (site.diagnostics.length === 0) reportLost(lost, site);
  return { script: { kind: "script", statements, ...around, span: span(0, site.text.length) }, lost: lost.length > 0 };
}

function openingWord(node: StatementCstNode): string {
  const c = node.children;
  const token = c.edition?.[0]?.children.EditionWord?.[0] ?? c.use?.[0]?.children.UseWord?.[0] ?? c.param?.[0]?.children.ParamWord?.[0]
    ?? c.set?.[0]?.children.SetWord?.[0] ?? c.let?.[0]?.children.LetWord?.[0] ?? c.def?.[0]?.children.DefWord?.[0];
  return token?.image ?? "";
}

function buildStatement(node: StatementCstNode, comments: readonly Comment[], site: Site): Statement | null {
  const c = node.children;
  if (c.edition?.[0] !== undefined) return buildEdition(c.edition[0], site);
  if (c.use?.[0] !== undefined) return buildUse(c.use[0], site);
  if (c.param?.[0] !== undefined) return buildParam(c.param[0], comments, site);
  if (c.set?.[0] !== undefined) return buildSet(c.set[0], site);
  if (c.let?.[0] !== undefined) return buildLet(c.let[0], comments, site);
  if (c.def?.[0] !== undefined) return buildDef(c.def[0], comments, site);
  if (c.pipeline?.[0] === undefined) return null;
  const mark = site.diagnostics.length;
  const pipeline = buildPipeline(c.pipeline[0], span(0, 0), site);
  return pipeline.stages.length === 0 && site.diagnostics.length > mark ? null : { kind: "pipelineStatement", pipeline, span: pipeline.span };
}

const spanOfParts = (parts: readonly (Span | null | undefined)[], start: Span): Span => parts.reduce<Span>((a, b) => (b === null || b === undefined ? a : cover(a, b)), start);
const emptyName = (at: Span): Name => ({ kind: "name", path: [""], quoted: false, span: span(at.end, at.end) });

/** Every argument of a statement as one list of loose items, with what cannot be an argument reported. */
function loose(elements: ElementsCstNode | undefined, place: string, site: Site): LooseItem[] {
  const items = (elements?.children.arg ?? []).flatMap((arg) => looseItems(arg, site, false));
  const wrong = [...(elements?.children.Stray ?? []), ...(elements?.children.Pipe ?? [])].sort((a, b) => a.startOffset - b.startOffset)[0];
  if (wrong !== undefined) {
    const taken = T.RESERVED.has(wrong.image);
    report(site, taken ? syntaxError("reserved-word", spanOf(wrong), [wrong.image]) : syntaxError("unexpected", spanOf(wrong), [clip(wrong.image), place]));
  }
  return items;
}
const isPlain = (item: LooseItem | undefined): item is LooseItem => item !== undefined && item.colon === null && item.equals === null && item.order === null;

function buildEdition(node: EditionCstNode, site: Site): Edition {
  const word = spanOf(node.children.EditionWord[0]!);
  return once(site, () => {
    const items = loose(node.children.elements?.[0], "after `saeq`", site);
    const value = items[0]?.value;
    const whole = spanOfParts(items.map((item) => item.span), word);
    if (items.length === 1 && isPlain(items[0]) && value?.kind === "num" && Number.isInteger(value.value) && value.unit === "") return { kind: "edition", version: value, span: whole };
    report(site, syntaxError("bad-edition", whole, []));
    return { kind: "edition", version: hole(span(word.end, word.end)), span: whole };
  });
}

function buildUse(node: UseCstNode, site: Site): Use {
  const word = spanOf(node.children.UseWord[0]!);
  return once(site, () => {
    const items = loose(node.children.elements?.[0], "after `use`", site);
    const [path, as, alias] = items.map((item) => item.value);
    const whole = spanOfParts(items.map((item) => item.span), word);
    const renamed = as?.kind === "name" && as.path.join(".") === "as" && !as.quoted && alias?.kind === "name";
    const right = path?.kind === "str" && items.every(isPlain) && (items.length === 1 || (items.length === 3 && renamed));
    if (!right) report(site, syntaxError("bad-use", whole, [], moduleNamed(site.text, word)));
    const name = renamed ? alias : null;
    if (name !== null && right) checkNew(name, site);
    // What a file without its quotes would bring is called by its name.
    const called = name ?? (path?.kind === "name" && path.path.length > 0 ? { ...path, path: path.path.slice(0, 1) } : null);
    return { kind: "use", path: path?.kind === "str" ? path : hole(span(word.end, word.end)), alias: called, span: whole };
  });
}

function buildParam(node: ParamCstNode, comments: readonly Comment[], site: Site): Param {
  const word = spanOf(node.children.ParamWord[0]!);
  return once(site, () => {
    const mark = site.diagnostics.length;
    const items = loose(node.children.elements?.[0], "after `param`", site);
    const [item] = items;
    const whole = spanOfParts(items.map((each) => each.span), word);
    const name = item?.value.kind === "name" ? item.value : null;
    const type = item?.type?.kind === "name" ? item.type : null;
    const told = site.diagnostics.length > mark;
    if (!told && name === null) reportNoName(item, whole, site);
    else if (!told && type === null) report(site, syntaxError("bad-param", whole, ["no type"], declared(site.text, word)));
    else if (!told && (items.length > 1 || item?.order != null)) report(site, syntaxError("bad-param", whole, ["more than one value"], declared(site.text, word)));
    else if (name !== null) checkNew(name, site);
    return { kind: "param", name: name ?? emptyName(word), type: type ?? emptyName(word), value: item?.assigned ?? null, doc: docAbove(word.start, comments, site.text), span: whole };
  });
}

function buildSet(node: SetCstNode, site: Site): Set {
  const word = spanOf(node.children.SetWord[0]!);
  return once(site, () => {
    const elements = node.children.elements?.[0]?.children;
    const args = (elements?.arg ?? []).map((arg) => buildArg(arg, site));
    const wrong = [...(elements?.Stray ?? []), ...(elements?.Pipe ?? [])][0];
    const whole = spanOfParts(args.map((arg) => arg.span), word);
    if (wrong !== undefined) report(site, wrong.tokenType === T.Pipe ? syntaxError("unexpected", spanOf(wrong), ["|", "after `set`"]) : syntaxError("bad-set", spanOf(wrong), []));
    else {
      const first = args[0]?.items[0];
      const named = first?.name ?? null;
      // `set seed = 42`
      const fix = named === null || first === undefined ? undefined : { span: span(named.span.end, first.value.span.start), text: " " };
      // `set seed: 42`
      const colon = /^[ \t]*([\p{L}_][\p{L}\p{N}_]*)[ \t]*:[ \t]*(?=[^\s:])/u.exec(site.text.slice(word.end, word.end + 200));
      const parted = colon === null ? undefined : { span: span(word.end, word.end + colon[0].length), text: ` ${colon[1]} ` };
      if (args.length < 2 || first?.value.kind !== "name" || named !== null) report(site, syntaxError("bad-set", whole, [], fix ?? parted));
    }
    return { kind: "set", args, span: whole };
  });
}

function buildLet(node: LetCstNode, comments: readonly Comment[], site: Site): Let {
  const c = node.children;
  const word = spanOf(c.LetWord[0]!);
  const token = c.Word?.[0] ?? c.Quoted?.[0];
  const name = token === undefined ? null : readName(token, (diagnostic) => report(site, diagnostic));
  const rest = c.pipeline?.[0];
  const equals = c.Eq?.[0];
  const headerWrong = name === null || equals === undefined || rest === undefined;
  const parts = (value: Pipeline) => spanOfParts([name?.span, equals === undefined ? null : spanOf(equals), rest === undefined ? null : value.span], word);
  const end = equals === undefined ? (name?.span ?? word) : spanOf(equals);
  const value = headerWrong ? silently(site, () => buildPipeline(rest, span(end.end, end.end), site)) : buildPipeline(rest, span(end.end, end.end), site);
  const whole = parts(value);
  if (name === null) {
    const first = value.stages[0]?.args[0]?.items[0];
    if (!reportReserved(first?.value.span, whole, site)) report(site, syntaxError("bad-let", whole, ["no name"]));
  } else if (equals === undefined) report(site, syntaxError("bad-let", whole, ["no `=` after its name"], equalsBehind(site.text, name.span.end)));
  else if (rest === undefined) report(site, syntaxError("missing-value", spanOf(equals), ["="]));
  else checkNew(name, site);
  return { kind: "let", name: name ?? emptyName(word), value, doc: docAbove(word.start, comments, site.text), span: whole };
}

function buildDef(node: DefCstNode, comments: readonly Comment[], site: Site): Def {
  const c = node.children;
  const word = spanOf(c.DefWord[0]!);
  const token = c.CallName?.[0] ?? c.Word?.[0];
  const name = token === undefined ? null : readName(token, (diagnostic) => report(site, diagnostic));
  const equals = c.Eq?.[0];
  const body = c.pipeline?.[0];
  const formals = once(site, () => row(c.elements?.[0], "the inputs of a `def`", site, notAnInput).flatMap((item) => buildFormal(item, site)));
  const end = equals ?? c.RRound?.[0] ?? token;
  const at = span(end === undefined ? word.end : spanOf(end).end, end === undefined ? word.end : spanOf(end).end);
  const headerWrong = name === null || c.LRound === undefined || equals === undefined || body === undefined;
  const pipeline = headerWrong ? silently(site, () => buildPipeline(body, at, site)) : buildPipeline(body, at, site);
  const whole = spanOfParts([at, body === undefined ? null : pipeline.span], word);
  if (name === null) report(site, syntaxError("bad-def", whole, ["no name"]));
  else if (c.LRound === undefined) report(site, syntaxError("bad-def", whole, ["no brackets for its inputs"]));
  else if (equals === undefined) report(site, syntaxError("bad-def", whole, ["no `=` after its inputs"], c.RRound?.[0] === undefined ? undefined : equalsBehind(site.text, spanOf(c.RRound[0]).end)));
  else if (body === undefined) report(site, syntaxError("missing-value", spanOf(equals), ["="]));
  else checkNew(name, site);
  return { kind: "def", name: name ?? emptyName(word), formals, body: pipeline, doc: docAbove(word.start, comments, site.text), span: whole };
}

const notAnInput = (item: LooseItem) => syntaxError("bad-def", item.span, ["an input that is not written name: type"]);

function buildFormal(item: LooseItem, site: Site): Formal[] {
  const type = item.type === null || item.type.kind === "name" ? item.type : null;
  if (item.value.kind !== "name" || item.order !== null || (item.type !== null && type === null)) {
    if (item.value.kind !== "hole") report(site, notAnInput(item));
    return [];
  }
  checkNew(item.value, site);
  return [{ name: item.value, type, value: item.assigned, span: item.span }];
}

/** A wrong header tells its own story; what follows it is read, but not judged. */
function silently<R>(site: Site, make: () => R): R {
  const mark = site.diagnostics.length;
  const result = make();
  site.diagnostics.length = mark;
  return result;
}

function checkNew(name: Name, site: Site): void {
  if (name.path.length > 1) report(site, syntaxError("dotted-name", name.span, [clip(name.path.join("."))]));
}

function reportNoName(item: LooseItem | undefined, whole: Span, site: Site): void {
  if (!reportReserved(item?.value.span, whole, site)) report(site, syntaxError("bad-param", whole, ["no name"]));
}

/** `let in = …`: the word is there, but it is taken. */
function reportReserved(at: Span | undefined, statement: Span, site: Site): boolean {
  const start = at?.start ?? statement.start;
  const found = /^[a-z]+/.exec(site.text.slice(start, start + 10))?.[0] ?? "";
  if (!T.RESERVED.has(found)) return false;
  report(site, syntaxError("reserved-word", span(start, start + found.length), [found]));
  return true;
}

/** Tokens that even the lenient grammar could not place: one message for each place. */
function reportLost(tokens: readonly IToken[], site: Site): void {
  for (const token of tokens.slice(0, 1)) {
    if (Number.isNaN(token.startOffset) || token.image === "") report(site, syntaxError("unexpected", span(site.text.length, site.text.length), ["the end", "here"]));
    else reportStray(token, "here", site);
  }
}
