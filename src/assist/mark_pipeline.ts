/** Without this file the words of a stage would have no roles in an editor: keyword, column, relation or plain value. */
import type { Arg as Words, Expr, Item, Name, Pipeline, Stage } from "../../grammar/ast.ts";
import { span, type Span } from "../../grammar/span.ts";
import { bare, single } from "../check/constant.ts";
import { checkPipeline } from "../check/pipeline.ts";
import { relation, reportOn, stageNamed } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf, type Schema } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { markConstant, markParamRef, unknownPlan, type Place } from "./mark.ts";
import { placeWords } from "./place_words.ts";

/** Mark the words of a pipeline; what flows out of it. `input` is what its first stage continues. */
export function markPipeline(pipeline: Pipeline, input: Plan | null, place: Place): Plan | null {
  let current = input;
  if (pipeline.continues && current === null) current = place.scope.relations.get("_") ?? unknownPlan(pipeline.span);
  for (const stage of pipeline.stages) {
    const next = follow({ kind: "pipeline", continues: false, stages: [stage], span: stage.span }, current, place);
    markStage(stage, current, next, place);
    current = next;
  }
  return current;
}

/** What a pipeline gives, with its mistakes left to the checker. */
function follow(pipeline: Pipeline, input: Plan | null, { scope, facts, text }: Place): Plan {
  return checkPipeline(pipeline, input, { scope, facts, report: reportOn(text) }) ?? unknownPlan(pipeline.span);
}

function markStage(stage: Stage, input: Plan | null, gives: Plan, place: Place): void {
  const [first, ...rest] = stage.args;
  const head = first === undefined ? null : single(first);
  if (first === undefined || head === null || head.kind !== "name" || (input === null && rest.length === 0 && knows(head, place))) {
    if (first !== undefined) for (const item of first.items) markSource(item, place);
    return markLoose(rest, input, place);
  }
  const name = head.path.join(".");
  const definition = head.quoted ? undefined : stageNamed(place.scope, name);
  if (definition === undefined) {
    if (knows(head, place)) markRelation(head, place);
    return markLoose(rest, input, place);
  }
  place.put({ span: head.span, role: "stage", name, stage: definition, target: place.names.stages.get(name) ?? null, input: input?.schema ?? null, gives: gives.schema });
  let from = input;
  let words: readonly Words[] = rest;
  if (input === null && definition.input.length > 0 && !definition.inputOptional && rest.length > 0) {
    const named = single(rest[0]!);
    if (named !== null) from = markSourceValue(named, place);
    words = rest.slice(1);
  }
  markArguments(definition, words, from, place);
}

function knows({ path }: Name, { scope, names }: Place): boolean {
  const name = path.join(".");
  return names.relations.has(name) || relation(scope, name) !== undefined;
}

function markArguments(definition: StageDefinition, words: readonly Words[], from: Plan | null, place: Place): void {
  const within: Place = { ...place, put: (mark) => place.put({ stage: definition, ...mark }) };
  const formals = place.names.stages.get(definition.name)?.formals ?? [];
  for (const { words: each, argument, part } of placeWords(definition, words)) {
    if (part === "keyword") within.put({ span: each.span, role: "keyword", name: argument ?? "", target: formals.find((formal) => formal.name === argument) ?? null });
    else if (argument === null) markLoose([each], from, within);
    else for (const item of each.items) markItem(definition.args[argument]!.shape.kind, item, from, within);
  }
}

function markItem(shape: string, item: Item, from: Plan | null, place: Place): void {
  const { value } = item;
  if (item.name !== null) place.put({ span: item.name.span, role: "label", name: item.name.path.join(".") });
  switch (shape) {
    case "oneOf":
    case "int":
    case "float":
    case "duration":
    case "bool":
    case "string":
    case "path":
      return markConstant(value, place);
    case "pipelines":
      markSourceValue(value, place);
      return;
    case "stages":
      if (value.kind === "group") markPipeline(value.pipeline, from, place);
      return;
    case "types":
      if (value.kind !== "record") return;
      for (const field of value.fields) {
        place.put({ span: field.name.span, role: "label", name: field.name.path.join(".") });
        if (field.value.kind === "name") place.put({ span: field.value.span, role: "type", name: field.value.path.join(".") });
      }
      return;
    case "column":
      if (value.kind === "name" && from !== null && columnOf(from.schema, value.path.join(".")) === undefined && from.schema.known) return markConstant(value, place);
      return markExpression(value, from, place);
    default:
      return markExpression(value, from, place);
  }
}

/** Words whose place is not known: a relation where there is one of that name, else a column. */
function markLoose(words: readonly Words[], from: Plan | null, place: Place): void {
  for (const each of words) {
    for (const item of each.items) {
      if (item.name !== null) place.put({ span: item.name.span, role: "label", name: item.name.path.join(".") });
      markExpression(item.value, from, place);
    }
  }
}

function markSource(item: Item, place: Place): void {
  if (item.name !== null) place.put({ span: item.name.span, role: "label", name: item.name.path.join(".") });
  markSourceValue(item.value, place);
}

/** A relation by name, or a pipeline in brackets; what it gives. */
function markSourceValue(value: Expr, place: Place): Plan | null {
  if (value.kind === "group") return markPipeline(value.pipeline, null, place);
  if (value.kind === "name") return markRelation(value, place);
  markExpression(value, null, place);
  return null;
}

function markRelation(at: Name, place: Place): Plan | null {
  const name = at.path.join(".");
  const plan = relation(place.scope, name) ?? null;
  place.put({ span: at.span, role: "relation", name, target: place.names.relations.get(name) ?? null, gives: plan?.schema ?? null });
  return plan ?? unknownPlan(at.span);
}

function markExpression(expr: Expr, from: Plan | null, place: Place): void {
  const at = bare(expr);
  const visit = (inner: Expr): void => markExpression(inner, from, place);
  switch (at.kind) {
    case "name":
      return markName(at, from?.schema ?? null, place);
    case "paramRef":
      return markParamRef(at.name, at.span, place);
    case "call":
      place.put({ span: at.nameSpan, role: "function", name: at.name });
      return at.args.forEach((item) => visit(item.value));
    case "group":
      markPipeline(at.pipeline, null, place);
      return;
    case "list":
      return at.items.forEach(visit);
    case "record":
      return at.fields.forEach((field) => visit(field.value));
    case "unary":
      return visit(at.operand);
    case "binary":
      visit(at.left);
      return visit(at.right);
    case "range":
      visit(at.from);
      return visit(at.to);
    default:
  }
}

/** A column, else a relation of that name, else a column that is not there. `perfect.matching_tokens` is one of each. */
function markName(at: Name, input: Schema | null, place: Place): void {
  const name = at.path.join(".");
  const column = (whole: Span, called: string, schema: Schema | null): void => place.put({ span: whole, role: "column", name: called, input: schema });
  const [head = "", ...tail] = at.path;
  if ((input !== null && columnOf(input, name) !== undefined) || at.quoted) return column(at.span, name, input);
  if (knows(at, place)) return void markRelation(at, place);
  const first: Name = { ...at, path: [head], span: span(at.span.start, at.span.start + head.length) };
  if (tail.length === 0 || !knows(first, place)) return column(at.span, name, input);
  const plan = markRelation(first, place);
  column(span(first.span.end + 1, at.span.end), tail.join("."), plan?.schema ?? null);
}
