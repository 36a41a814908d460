/** Without this file stages, arguments and values would stay Chevrotain nodes. */
import type { IToken } from "chevrotain";
import type { Arg, Expr, Hole, Item, Pipeline, Stage } from "./ast.ts";
import { syntaxError } from "./codes.ts";
import type { ArgCstNode, ElementsCstNode, ExprCstNode, ItemCstNode, OperandCstNode, PipelineCstNode, PrimaryCstNode, StageCstNode } from "./cst.d.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { bindOperators } from "./operators.ts";
import type { Atom } from "./operators.ts";
import { cover, span } from "./span.ts";
import type { Span } from "./span.ts";
import * as T from "./tokens.ts";
import { readName, readNumber, readString } from "./values.ts";
import { clip, spanOf } from "./words.ts";

/** What building needs to know and where it puts mistakes. */
export interface Site {
  readonly text: string;
  readonly diagnostics: Diagnostic[];
  /** The word that opens the next statement, if it is one like `let`. */
  readonly following: string;
}

export const hole = (at: Span): Hole => ({ kind: "hole", span: at });
export const report = (site: Site, diagnostic: Diagnostic): void => void site.diagnostics.push(diagnostic);

/** Runs `build` and keeps only its first mistake: the rest mostly follows from it. */
export function once<R>(site: Site, build: () => R): R {
  const mark = site.diagnostics.length;
  const result = build();
  const told = site.diagnostics.splice(mark);
  const first = told.reduce<Diagnostic | undefined>((a, b) => (a === undefined || b.span.start < a.span.start ? b : a), undefined);
  if (first !== undefined) site.diagnostics.push(first);
  return result;
}

export function buildPipeline(node: PipelineCstNode | undefined, at: Span, site: Site): Pipeline {
  const first = node?.children.stage?.[0];
  const rest = node?.children.next ?? [];
  const stages: Stage[] = first === undefined ? [] : [once(site, () => buildStage(first, site))];
  rest.forEach((next, i) => {
    const pipe = next.children.Pipe?.[0];
    const stage = next.children.stage?.[0];
    if (stage !== undefined) stages.push(once(site, () => buildStage(stage, site)));
    else if (pipe !== undefined) reportNoStage(pipe, rest[i + 1]?.children.Pipe?.[0], stages.at(-1), site);
  });
  const opening = first === undefined ? rest[0]?.children.Pipe?.[0] : undefined;
  const spans = [...(opening === undefined ? [] : [spanOf(opening)]), ...stages.map((stage) => stage.span)];
  return { kind: "pipeline", continues: opening !== undefined, stages, span: spans.length === 0 ? at : spans.reduce(cover) };
}

function reportNoStage(pipe: IToken, next: IToken | undefined, before: Stage | undefined, site: Site): void {
  const at = spanOf(pipe);
  if (next !== undefined) {
    report(site, syntaxError("missing-stage", at, ["after this `|`"], { span: span(at.start, next.startOffset), text: "" }));
  } else {
    report(site, syntaxError("pipeline-ends", at, [site.following], before === undefined ? undefined : { span: span(before.span.end, at.end), text: "" }));
  }
}

function buildStage(node: StageCstNode, site: Site): Stage {
  const args = (node.children.arg ?? []).map((arg) => buildArg(arg, site));
  for (const stray of node.children.Stray ?? []) {
    reportStray(stray, "here", site);
    args.push(holeArg(spanOf(stray)));
  }
  args.sort((a, b) => a.span.start - b.span.start);
  return { kind: "stage", args, span: spanOfAll(args) };
}

const holeArg = (at: Span): Arg => ({ items: [{ name: null, value: hole(at), order: null, span: at }], span: at });
const spanOfAll = (parts: readonly { readonly span: Span }[]): Span => parts.map((part) => part.span).reduce(cover);

export function reportStray(stray: IToken, place: string, site: Site): void {
  const at = spanOf(stray);
  switch (stray.tokenType) {
    case T.Comma: return report(site, syntaxError("stray-comma", at, [], { span: at, text: "" }));
    case T.LostLet: return report(site, syntaxError("lost-let", at, []));
    case T.Pipe: return report(site, syntaxError("pipe-in-brackets", at, [place]));
    // A full stop behind a statement.
    case T.Dot: return report(site, syntaxError("unexpected", at, [clip(stray.image), place], /^[ \t]*(?:[\r\n|]|$)/.test(site.text.slice(at.end)) ? { span: at, text: "" } : undefined));
    case T.Colon: case T.Eq: case T.Asc: case T.Desc:
      return report(site, syntaxError("unexpected", at, [clip(stray.image), place]));
    default: return report(site, syntaxError("missing-left", at, [clip(stray.image)]));
  }
}

/** An item before it is decided what `:` and `=` mean in it. */
export interface LooseItem {
  readonly value: Expr;
  readonly colon: IToken | null;
  readonly type: Expr | null;
  readonly equals: IToken | null;
  readonly assigned: Expr | null;
  readonly order: "asc" | "desc" | null;
  readonly orderToken: IToken | null;
  readonly span: Span;
}

function looseItem(node: ItemCstNode, site: Site): LooseItem {
  const { typed, valued, Asc, Desc } = node.children;
  const value = buildExpr(node.children.expr?.[0], site);
  const colon = typed?.[0]?.children.Colon?.[0] ?? null;
  const equals = valued?.[0]?.children.Eq?.[0] ?? null;
  const after = (sign: IToken | null, expr: ExprCstNode | undefined): Expr | null => {
    if (sign === null) return null;
    if (expr !== undefined) return buildExpr(expr, site);
    report(site, syntaxError("missing-value", spanOf(sign), [clip(sign.image)]));
    return hole(span(spanOf(sign).end, spanOf(sign).end));
  };
  const type = after(colon, typed?.[0]?.children.expr?.[0]);
  const assigned = after(equals, valued?.[0]?.children.expr?.[0]);
  const orderToken = Asc?.[0] ?? Desc?.[0] ?? null;
  const parts = [value.span, type?.span, assigned?.span, orderToken === null ? undefined : spanOf(orderToken)];
  const whole = parts.reduce<Span>((a, b) => (b === undefined ? a : cover(a, b)), value.span);
  return { value, colon, type, equals, assigned, order: Asc !== undefined ? "asc" : Desc !== undefined ? "desc" : null, orderToken, span: whole };
}

export function looseItems(node: ArgCstNode, site: Site, trailing: boolean): LooseItem[] {
  const items = (node.children.item ?? []).map((item) => looseItem(item, site));
  const more = node.children.more ?? [];
  more.forEach((next, i) => {
    const item = next.children.item?.[0];
    const comma = next.children.Comma?.[0];
    if (item !== undefined) items.push(looseItem(item, site));
    else if (comma !== undefined && !(trailing && i === more.length - 1)) reportStray(comma, "here", site);
  });
  return items;
}

function settle(loose: LooseItem, place: string, site: Site): Item {
  if (loose.colon !== null) {
    const after = loose.value.kind === "name" && loose.type !== null && loose.type.kind !== "hole" ? { span: span(loose.value.span.end, loose.type.span.start), text: " " } : undefined;
    // `1:10`, as R and slices of Python have it.
    const last = loose.value.kind === "binary" ? loose.value.right : loose.value;
    const range = last.kind === "num" && loose.type?.kind === "num" && last.value < loose.type.value ? { span: span(last.span.end, loose.type.span.start), text: ".." } : undefined;
    report(site, syntaxError("unexpected", spanOf(loose.colon), [":", place], after ?? range));
    if (after !== undefined || range !== undefined) return { name: null, value: hole(loose.span), order: loose.order, span: loose.span };
  }
  if (loose.equals === null || loose.assigned === null) return { name: null, value: loose.value, order: loose.order, span: loose.span };
  if (loose.value.kind === "name") return { name: loose.value, value: loose.assigned, order: loose.order, span: loose.span };
  const written = site.text.slice(loose.value.span.start, loose.value.span.end);
  if (/^[\p{L}_][\p{L}\p{M}\p{N}_]*(?:-[\p{L}\p{M}\p{N}_]+)+$/u.test(written)) {
    report(site, syntaxError("dashed-name", loose.value.span, [clip(written)], { span: loose.value.span, text: `\`${written}\`` }));
    return { name: { kind: "name", path: [written], quoted: true, span: loose.value.span }, value: loose.assigned, order: loose.order, span: loose.span };
  }
  const opSpan = spanOf(loose.equals);
  report(site, syntaxError("equals-sign", opSpan, [], { span: opSpan, text: "==" }));
  const value: Expr = { kind: "binary", op: "==", opSpan, left: loose.value, right: loose.assigned, span: cover(loose.value.span, loose.assigned.span) };
  return { name: null, value, order: loose.order, span: loose.span };
}

export function buildArg(node: ArgCstNode, site: Site): Arg {
  const items = looseItems(node, site, false).map((item) => settle(item, "here", site));
  return { items, span: spanOfAll(items) };
}

/** What stands in brackets, as one row of items; anything else written there is reported (`unparted`: two items without a comma). */
export function row(node: ElementsCstNode | undefined, place: string, site: Site, unparted?: (item: LooseItem) => Diagnostic): LooseItem[] {
  const args = node?.children.arg ?? [];
  const items = args.flatMap((arg, i) => {
    const found = looseItems(arg, site, i === args.length - 1);
    const start = found[0]?.span.start;
    if (i > 0 && start !== undefined && node?.children.Pipe === undefined && node?.children.Stray === undefined) {
      const blank = /\s/.test(site.text[start - 1] ?? "") ? span(start - 1, start) : span(start, start);
      report(site, unparted?.(found[0]!) ?? syntaxError("missing-comma", found[0]!.span, [], { span: blank, text: ", " }));
    }
    return found;
  });
  const [pipe] = node?.children.Pipe ?? [];
  if (pipe !== undefined) {
    // Of several arguments the pipeline begins in the last one.
    const first = items.findLastIndex((item) => item.span.start < pipe.startOffset);
    const whole = first === -1 ? null : spanOfAll(items.slice(first));
    const empty = /[([{,|]\s*$/.test(site.text.slice(0, pipe.startOffset)) || whole === null || whole.end < pipe.startOffset;
    const fix = whole === null || empty ? undefined : { span: whole, text: `(${site.text.slice(whole.start, whole.end)})` };
    report(site, syntaxError("pipe-in-brackets", spanOf(pipe), [place], fix));
  } else for (const stray of (node?.children.Stray ?? []).slice(0, 1)) reportStray(stray, place, site);
  return items;
}

function buildExpr(node: ExprCstNode | undefined, site: Site): Expr {
  const operand = node?.children.operand?.[0];
  if (node === undefined || operand === undefined) return hole(span(0, 0));
  const tails = node.children.tail ?? [];
  const nothing: Atom = { prefixes: [], value: null };
  const atoms = [buildAtom(operand, site), ...tails.map((tail) => (tail.children.operand?.[0] === undefined ? nothing : buildAtom(tail.children.operand[0], site)))];
  const operators = tails.flatMap((tail) => tail.children.BinaryOp?.slice(0, 1) ?? []);
  return bindOperators(atoms, operators, site.text, (diagnostic) => report(site, diagnostic));
}

function buildAtom(node: OperandCstNode, site: Site): Atom {
  const primary = node.children.primary?.[0];
  return { prefixes: node.children.PrefixOp ?? [], value: primary === undefined ? null : buildPrimary(primary, site) };
}

function buildPrimary(node: PrimaryCstNode, site: Site): Expr {
  const c = node.children;
  const tell = (diagnostic: Diagnostic) => report(site, diagnostic);
  const name = c.Word?.[0] ?? c.Quoted?.[0];
  if (name !== undefined) return readName(name, tell);
  if (c.Num?.[0] !== undefined) return readNumber(c.Num[0], tell);
  if (c.Str?.[0] !== undefined) return readString(c.Str[0], tell);
  if (c.ParamRef?.[0] !== undefined) return { kind: "paramRef", name: c.ParamRef[0].image.slice(1), span: spanOf(c.ParamRef[0]) };
  const truth = c.True?.[0] ?? c.False?.[0];
  if (truth !== undefined) return { kind: "bool", value: truth.tokenType === T.True, span: spanOf(truth) };
  if (c.Null?.[0] !== undefined) return { kind: "null", span: spanOf(c.Null[0]) };
  const call = c.call?.[0]?.children;
  if (call?.CallName?.[0] !== undefined) {
    const nameSpan = spanOf(call.CallName[0]);
    const args = row(call.elements?.[0], "the brackets of a function", site).map((item) => settle(item, "in the brackets of a function", site));
    return { kind: "call", name: call.CallName[0].image, nameSpan, args, span: between(nameSpan, call.RRound?.[0]) };
  }
  const group = c.group?.[0]?.children;
  if (group?.LRound?.[0] !== undefined) {
    const whole = between(spanOf(group.LRound[0]), group.RRound?.[0]);
    if (group.pipeline?.[0] === undefined) {
      tell(syntaxError("empty-brackets", whole, []));
      return hole(whole);
    }
    return { kind: "group", pipeline: buildPipeline(group.pipeline[0], whole, { ...site, following: "" }), span: whole };
  }
  const list = c.list?.[0]?.children;
  if (list?.LSquare?.[0] !== undefined) {
    const items = row(list.elements?.[0], "a list", site).map((item) => plainItem(item, "in a list", site));
    return { kind: "list", items, span: between(spanOf(list.LSquare[0]), list.RSquare?.[0]) };
  }
  const record = c.record?.[0]?.children;
  if (record?.LCurly?.[0] !== undefined) {
    const fields = row(record.elements?.[0], "a record", site).flatMap((item) => {
      if (item.value.kind === "name" && item.type !== null && item.equals === null && item.order === null) return [{ name: item.value, value: item.type }];
      tell(syntaxError("bad-record", item.span, []));
      return [];
    });
    return { kind: "record", fields, span: between(spanOf(record.LCurly[0]), record.RCurly?.[0]) };
  }
  return hole(c.Skipped?.[0] === undefined ? span(0, 0) : spanOf(c.Skipped[0]));
}

/** A value without a name or an order. */
function plainItem(loose: LooseItem, place: string, site: Site): Expr {
  const item = settle(loose, place, site);
  if (item.name !== null && loose.equals !== null) report(site, syntaxError("unexpected", spanOf(loose.equals), ["=", place]));
  if (loose.orderToken !== null) report(site, syntaxError("unexpected", spanOf(loose.orderToken), [loose.orderToken.image, place]));
  return item.value;
}

const between = (open: Span, close: IToken | undefined): Span => (close === undefined ? open : cover(open, spanOf(close)));
