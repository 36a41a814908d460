/** Without this file each rule would walk the tree in its own way. */
import type { Expr, Item, Pipeline, Stage, Statement } from "../../grammar/ast.ts";
import { inEach, type Subject } from "./rule.ts";

/** The pipeline of a statement, or null. */
export function pipelineOf(statement: Statement): Pipeline | null {
  if (statement.kind === "let") return statement.value;
  if (statement.kind === "def") return statement.body;
  return statement.kind === "pipelineStatement" ? statement.pipeline : null;
}

function* inItems(items: readonly Item[]): Generator<Expr> {
  for (const item of items) yield* inExpr(item.value);
}

/** An expression and all inside it, pipelines in brackets included. */
export function* inExpr(expr: Expr): Generator<Expr> {
  yield expr;
  switch (expr.kind) {
    case "call": return yield* inItems(expr.args);
    case "group": return yield* inPipeline(expr.pipeline);
    case "list": for (const item of expr.items) yield* inExpr(item); return;
    case "record": for (const field of expr.fields) yield* inExpr(field.value); return;
    case "unary": return yield* inExpr(expr.operand);
    case "binary": yield* inExpr(expr.left); return yield* inExpr(expr.right);
    case "range": yield* inExpr(expr.from); return yield* inExpr(expr.to);
    default: return;
  }
}

function* inPipeline(pipeline: Pipeline): Generator<Expr> {
  for (const stage of pipeline.stages) for (const arg of stage.args) yield* inItems(arg.items);
}

/** Every expression of a statement. */
export function* expressionsOf(statement: Statement): Generator<Expr> {
  const pipeline = pipelineOf(statement);
  if (pipeline !== null) yield* inPipeline(pipeline);
  if (statement.kind === "set") for (const arg of statement.args) yield* inItems(arg.items);
  if (statement.kind === "param" && statement.value !== null) yield* inExpr(statement.value);
  if (statement.kind === "def") for (const formal of statement.formals) if (formal.value !== null) yield* inExpr(formal.value);
}

/** Every pipeline of a statement, those in brackets included. */
export function* pipelinesOf(statement: Statement): Generator<Pipeline> {
  const pipeline = pipelineOf(statement);
  if (pipeline !== null) yield pipeline;
  for (const expr of expressionsOf(statement)) if (expr.kind === "group") yield expr.pipeline;
}

/** The first word of a stage where it is one plain word. */
export function stageWord(stage: Stage): string | null {
  const first = stage.args[0]?.items;
  const value = first?.length === 1 ? first[0]!.value : undefined;
  return value?.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]! : null;
}

/** Whether a script shows or saves anything; one that only defines is there for others. */
export function runsSomething({ parts }: Subject): boolean {
  return parts.some(({ script }) => script.statements.some((statement) => statement.kind === "pipelineStatement"));
}

/** Names that a statement reads, bare or as `$name`. */
export function readsOf(statement: Statement): ReadonlySet<string> {
  const found = new Set<string>();
  for (const expr of expressionsOf(statement)) {
    const name = expr.kind === "name" ? expr.path[0] : expr.kind === "paramRef" ? expr.name : undefined;
    if (name !== undefined) found.add(name);
  }
  return found;
}

const namesRead = inEach((statement) => [...readsOf(statement)]);

/** How many statements read a name. Several rules ask it of every name of a script. */
const readers = new WeakMap<Subject, ReadonlyMap<string, number>>();

function readersOf(subject: Subject): ReadonlyMap<string, number> {
  const known = readers.get(subject);
  if (known !== undefined) return known;
  const found = new Map<string, number>();
  for (const name of namesRead(subject)) found.set(name, (found.get(name) ?? 0) + 1);
  readers.set(subject, found);
  return found;
}

/** Whether any statement reads a name but the one that gives it, which may read it too. */
export function isRead(name: string, subject: Subject, own: boolean): boolean {
  return (readersOf(subject).get(name) ?? 0) > (own ? 1 : 0);
}
