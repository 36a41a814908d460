/** Without this file the phases after the parser would depend on Chevrotain's trees. */
import type { Span } from "./span.ts";

/** A comment, kept for the printer. `doc` comments (`##`) also feed help texts. */
export interface Comment {
  /** As written, with its `#`. */
  readonly text: string;
  readonly doc: boolean;
  /** Nothing but blanks stands before it on its line. */
  readonly ownLine: boolean;
  readonly span: Span;
}

export interface Script {
  readonly kind: "script";
  readonly statements: readonly Statement[];
  readonly comments: readonly Comment[];
  /** Offsets of empty lines outside of texts in quotes, for the printer: it keeps one where there was one or more. */
  readonly blankLines: readonly number[];
  /** Where each word and sign of its statements starts, for the printer: a comment stays between the two that it stands between. */
  readonly wordStarts: readonly number[];
  readonly span: Span;
}

export type Statement = Edition | Use | Param | Set | Let | Def | PipelineStatement;

/** `saeq 1` */
export interface Edition {
  readonly kind: "edition";
  readonly version: Num | Hole;
  readonly span: Span;
}
/** `use "lib/x.saeq" as x` */
export interface Use {
  readonly kind: "use";
  readonly path: Str | Hole;
  readonly alias: Name | null;
  readonly span: Span;
}
/** `param n: int = 10` */
export interface Param {
  readonly kind: "param";
  readonly name: Name;
  readonly type: Name;
  readonly value: Expr | null;
  /** The `##` comments directly above, joined by newlines. */
  readonly doc: string;
  readonly span: Span;
}
/** `set seed 42`; several pairs may follow one another: `set model "m" dtype f32` */
export interface Set {
  readonly kind: "set";
  readonly args: readonly Arg[];
  readonly span: Span;
}
export interface Let {
  readonly kind: "let";
  readonly name: Name;
  readonly value: Pipeline;
  readonly doc: string;
  readonly span: Span;
}
export interface Formal {
  readonly name: Name;
  readonly type: Name | null;
  readonly value: Expr | null;
  readonly span: Span;
}
/** `def f(x: table, k: int = 10) = x | top $k` */
export interface Def {
  readonly kind: "def";
  readonly name: Name;
  readonly formals: readonly Formal[];
  readonly body: Pipeline;
  readonly doc: string;
  readonly span: Span;
}
export interface PipelineStatement {
  readonly kind: "pipelineStatement";
  readonly pipeline: Pipeline;
  readonly span: Span;
}

export interface Pipeline {
  readonly kind: "pipeline";
  /** A leading `|`: go on from `_`. */
  readonly continues: boolean;
  readonly stages: readonly Stage[];
  readonly span: Span;
}
/** Words. The first names the stage (or is a source or value); meaning comes from signatures in `src/check`. */
export interface Stage {
  readonly kind: "stage";
  readonly args: readonly Arg[];
  readonly span: Span;
}
/** Items separated by commas form one argument. */
export interface Arg {
  readonly items: readonly Item[];
  readonly span: Span;
}
export interface Item {
  /** `name = value` */
  readonly name: Name | null;
  readonly value: Expr;
  readonly order: "asc" | "desc" | null;
  readonly span: Span;
}

export type Expr =
  | Num
  | Str
  | Bool
  | Null
  | Name
  | ParamRef
  | Call
  | Group
  | List
  | RecordLit
  | Unary
  | Binary
  | Range
  | Hole;

export interface Num {
  readonly kind: "num";
  readonly value: number;
  /** `%`, `KiB`, `s` …; empty without a unit. */
  readonly unit: string;
  readonly text: string;
  readonly span: Span;
}
export interface Str {
  readonly kind: "str";
  readonly value: string;
  readonly text: string;
  readonly span: Span;
}
export interface Bool {
  readonly kind: "bool";
  readonly value: boolean;
  readonly span: Span;
}
export interface Null {
  readonly kind: "null";
  readonly span: Span;
}
/** A bare word, a quoted `` `word` `` or a dotted path: stage, keyword, relation or column. */
export interface Name {
  readonly kind: "name";
  /** `["splits", "by_quartile"]` for a dotted name. */
  readonly path: readonly string[];
  readonly quoted: boolean;
  readonly span: Span;
}
/** `$n` */
export interface ParamRef {
  readonly kind: "paramRef";
  readonly name: string;
  readonly span: Span;
}
/** `mean(act)`; no blank before the bracket. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly Item[];
  readonly span: Span;
}
/** `( pipeline )`. A bracketed expression is a pipeline of one stage with one bare argument. */
export interface Group {
  readonly kind: "group";
  readonly pipeline: Pipeline;
  readonly span: Span;
}
export interface List {
  readonly kind: "list";
  readonly items: readonly Expr[];
  readonly span: Span;
}
export interface RecordLit {
  readonly kind: "record";
  readonly fields: readonly { readonly name: Name; readonly value: Expr }[];
  readonly span: Span;
}
export interface Unary {
  readonly kind: "unary";
  readonly op: "not" | "-";
  readonly operand: Expr;
  readonly span: Span;
}
export type BinaryOp =
  | "or" | "and"
  | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~=" | "=~" | "in"
  | "+" | "-" | "*" | "/" | "%" | "^";
export interface Binary {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly opSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}
/** `0.0..0.5`, both ends included. */
export interface Range {
  readonly kind: "range";
  readonly from: Expr;
  readonly to: Expr;
  readonly span: Span;
}
/** What recovery skipped or found missing. Later phases pass over it in silence: its error is already told. */
export interface Hole {
  readonly kind: "hole";
  readonly span: Span;
}
