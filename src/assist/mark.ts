/** Without this file statements and pipelines would describe the words of a script in two ways. */
import type { Expr, Pipeline, Statement } from "../../grammar/ast.ts";
import { span, type Span } from "../../grammar/span.ts";
import type { Facts, Scope } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";
import { UNKNOWN, type Schema } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";

/** What a word stands for. */
export type Role =
  | "stage" | "keyword" | "option" | "relation" | "column" | "param" | "function" | "setting" | "type"
  /** A new name: of a column or group, or the alias of a module. */
  | "label";

/** Where a name is given. */
export interface Declaration {
  readonly name: string;
  readonly kind: "relation" | "param" | "stage" | "formal" | "module";
  /** The name itself. */
  readonly span: Span;
  readonly statement: Statement;
  readonly doc: string;
  /** The inputs of a stage: those with a default are keywords where it is used. */
  readonly formals: readonly Declaration[];
}

/** One word of a script and what it stands for. */
export interface Mark {
  /** The name, without `$`. */
  readonly span: Span;
  readonly role: Role;
  readonly name: string;
  /** Where the name is given in this script. */
  readonly target: Declaration | null;
  /** The mark is that place itself. */
  readonly declares: boolean;
  /** The stage that the word is or belongs to. */
  readonly stage: StageDefinition | null;
  /** What flows in: where columns are looked up. */
  readonly input: Schema | null;
  /** What the word gives: of a stage, a relation or a new name. */
  readonly gives: Schema | null;
}

/** Names that are given above, by kind of use. */
export interface Names {
  readonly relations: ReadonlyMap<string, Declaration>;
  readonly params: ReadonlyMap<string, Declaration>;
  readonly stages: ReadonlyMap<string, Declaration>;
}

/** What stays the same within one statement. */
export interface Place {
  readonly scope: Scope;
  readonly facts: Facts;
  readonly names: Names;
  readonly text: string;
  put(mark: Partial<Mark> & Pick<Mark, "span" | "role" | "name">): void;
}

/** The mark that an offset touches; the one that starts there wins. */
export function markAt(marks: readonly Mark[], offset: number): Mark | null {
  // In front of a `$name` the caret stands on its sign.
  return marks.findLast(({ span: at }) => at.start <= offset && offset <= at.end) ?? marks.find(({ role, declares, span: at }) => role === "param" && !declares && at.start - 1 === offset) ?? null;
}

/** Stands for a value of which nothing is known. */
export function unknownPlan(at: Span): Plan {
  return { op: { op: "literal", columns: [], rows: [] }, inputs: [], schema: UNKNOWN, at, label: "" };
}

/** A value before anything runs: only `$names` in it stand for something. */
export function markConstant(expr: Expr, place: Place): void {
  switch (expr.kind) {
    case "name":
      place.put({ span: expr.span, role: "option", name: expr.path.join(".") });
      return;
    case "paramRef":
      markParamRef(expr.name, expr.span, place);
      return;
    case "unary":
      return markConstant(expr.operand, place);
    case "binary":
      markConstant(expr.left, place);
      return markConstant(expr.right, place);
    case "list":
      return expr.items.forEach((item) => markConstant(item, place));
    case "group":
      return markGroupItems(expr.pipeline, (value) => markConstant(value, place));
    default:
  }
}

export function markParamRef(name: string, at: Span, place: Place): void {
  place.put({ span: span(at.start + 1, at.end), role: "param", name, target: place.names.params.get(name) ?? null });
}

/** The values in a bracketed expression, which the grammar reads as a pipeline of one stage. */
function markGroupItems(pipeline: Pipeline, visit: (value: Expr) => void): void {
  for (const stage of pipeline.stages) for (const words of stage.args) for (const item of words.items) visit(item.value);
}
