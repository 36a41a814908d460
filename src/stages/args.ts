/** Without this file every stage would describe its arguments in a way of its own, and nothing could be derived from them. */
import type { Plan, SortKey } from "../ops/op.ts";
import type { Scalar } from "../ops/scalar.ts";
import type { Kind, ScalarType, Schema } from "../ops/schema.ts";

/** What a whole number numbers, or counts. */
type Numbered = "layer" | "feature" | "tokens";

/** What may stand in an argument, as plain data: read by the binder, completion, help and the reference. */
export type Shape =
  /** `of`: what it numbers; completion can know which layers there are. */
  | { readonly kind: "int"; readonly min: number; readonly max: number; readonly list: boolean; readonly of?: Numbered }
  | { readonly kind: "float" }
  /** Seconds, or `2h`. */
  | { readonly kind: "duration" }
  | { readonly kind: "bool" }
  /** `signs`: what is written for a word elsewhere. */
  | { readonly kind: "oneOf"; readonly options: readonly string[]; readonly signs?: Readonly<Record<string, string>> }
  | { readonly kind: "flag" }
  /** `of`: what it names; completion can know which chat templates, and variables of them, there are. `signs`: texts that people call by a name, as they are written. */
  | { readonly kind: "string"; readonly list: boolean; readonly of?: "template"; readonly signs?: Readonly<Record<string, string>> }
  | { readonly kind: "path"; readonly access: "read" | "write"; readonly extensions: readonly string[] }
  /** `extra`: what else it may be, of the kinds in `extraOf`; of all where absent. */
  | { readonly kind: "column"; readonly extra: readonly string[]; readonly extraOf?: readonly Kind[] }
  /** `of`: what they hold; completion offers no others. */
  | { readonly kind: "columns"; readonly of?: "figures" }
  | { readonly kind: "names" }
  | { readonly kind: "predicate" }
  | { readonly kind: "scalar" }
  | { readonly kind: "keys" }
  | { readonly kind: "assignments"; readonly of?: "template" }
  | { readonly kind: "parts" }
  | { readonly kind: "pipelines"; readonly named: boolean }
  | { readonly kind: "stages" }
  | { readonly kind: "types" }
  | { readonly kind: "check" };

/** One argument of a stage. Positional unless `keyword`, in which case its own name stands in front of it. */
export interface Arg<T = unknown> {
  readonly shape: Shape;
  readonly doc: string;
  readonly keyword: boolean;
  readonly required: boolean;
  readonly default: T;
  /** What it is where it is not given depends on what it is used on, and `doc` says on what: the default stands for it until that is known. */
  readonly depends?: true;
  /** Kinds of input that it says something of; of others it is refused, and not offered. Of all that the stage takes, where absent. */
  readonly kinds?: readonly Kind[];
  /** What other tools call it. */
  readonly alsoCalled?: readonly string[];
}

export type ArgSpecs = Readonly<Record<string, Arg>>;
export type ArgValues<A> = { readonly [K in keyof A]: A[K] extends Arg<infer T> ? T : never };

/** Whether an argument says something of what flows in: also where there is no input, or nobody knows yet which. */
export function holdsOf({ kinds }: Arg, input: Schema | null): boolean {
  return kinds === undefined || input === null || !input.known || kinds.includes(input.kind);
}

interface Options<T> {
  readonly doc: string;
  readonly keyword?: boolean;
  readonly default?: T;
  readonly alsoCalled?: readonly string[];
}

/** `default` given (null included) makes an argument optional. */
function arg<T>(shape: Shape, options: Options<T>): Arg<T> {
  const required = !("default" in options);
  return { shape, doc: options.doc, keyword: options.keyword ?? false, required, default: options.default as T, ...(options.alsoCalled === undefined ? {} : { alsoCalled: options.alsoCalled }) };
}

type Bounds = { readonly min?: number; readonly max?: number };

export function int(options: Options<number> & Bounds): Arg<number> {
  return arg({ kind: "int", min: options.min ?? Number.MIN_SAFE_INTEGER, max: options.max ?? Number.MAX_SAFE_INTEGER, list: false }, options);
}
export function optionalInt(options: Options<number | null> & Bounds & { readonly of?: Numbered }): Arg<number | null> {
  return arg<number | null>({ kind: "int", min: options.min ?? Number.MIN_SAFE_INTEGER, max: options.max ?? Number.MAX_SAFE_INTEGER, list: false, ...(options.of === undefined ? {} : { of: options.of }) }, { ...options, default: null });
}
/** `5, 7, 9` */
export function ints(options: Options<readonly number[]> & Bounds & { readonly of?: Numbered }): Arg<readonly number[]> {
  return arg({ kind: "int", min: options.min ?? Number.MIN_SAFE_INTEGER, max: options.max ?? Number.MAX_SAFE_INTEGER, list: true, ...(options.of === undefined ? {} : { of: options.of }) }, options);
}
export function optionalFloat(options: Options<number | null>): Arg<number | null> {
  return arg<number | null>({ kind: "float" }, { ...options, default: null });
}
export function oneOf<const W extends string>(words: readonly W[], options: Options<W> & { readonly signs?: Readonly<Record<string, W>> }): Arg<W> {
  return arg({ kind: "oneOf", options: words, ...(options.signs === undefined ? {} : { signs: options.signs }) }, options);
}
/** A bare word that is there or not. */
export function flag(doc: string, alsoCalled?: readonly string[]): Arg<boolean> {
  return arg({ kind: "flag" }, { doc, keyword: true, default: false, ...(alsoCalled === undefined ? {} : { alsoCalled }) });
}
export function text(options: Options<string> & { readonly of?: "template"; readonly signs?: Readonly<Record<string, string>> }): Arg<string> {
  return arg({ kind: "string", list: false, ...(options.of === undefined ? {} : { of: options.of }), ...(options.signs === undefined ? {} : { signs: options.signs }) }, options);
}
export function texts(options: Options<readonly string[]>): Arg<readonly string[]> {
  return arg({ kind: "string", list: true }, options);
}
export function path(access: "read" | "write", extensions: readonly string[], options: Options<string>): Arg<string> {
  return arg({ kind: "path", access, extensions }, options);
}
/** A column of the input, or one of the words in `extra`. */
export function column(options: Options<string> & { readonly extra?: readonly string[]; readonly extraOf?: readonly Kind[] }): Arg<string> {
  return arg({ kind: "column", extra: options.extra ?? [], ...(options.extraOf === undefined ? {} : { extraOf: options.extraOf }) }, options);
}
export function columns(options: Options<readonly string[]> & { readonly of?: "figures" }): Arg<readonly string[]> {
  return arg({ kind: "columns", ...(options.of === undefined ? {} : { of: options.of }) }, options);
}
/** Columns of something that is not the input, such as a file: names that are looked up there. */
export function names(options: Options<readonly string[]>): Arg<readonly string[]> {
  return arg({ kind: "names" }, options);
}
/** `90s`, `2h`, or seconds. */
export function duration(options: Options<number | null>): Arg<number | null> {
  return arg({ kind: "duration" }, options);
}
/** An expression that is true or false for each row. */
export function predicate(options: Options<Scalar>): Arg<Scalar> {
  return arg({ kind: "predicate" }, options);
}
export function scalar(options: Options<Scalar>): Arg<Scalar> {
  return arg({ kind: "scalar" }, options);
}
export function optionalScalar(options: Options<Scalar | null>): Arg<Scalar | null> {
  return arg<Scalar | null>({ kind: "scalar" }, { ...options, default: null });
}
export function sortKeys(options: Options<readonly SortKey[]>): Arg<readonly SortKey[]> {
  return arg({ kind: "keys" }, options);
}
export interface Assignment {
  readonly name: string;
  readonly value: Scalar;
}
/** `rate = matching_tokens / 50, long = len(prompt) > 200`; a bare column keeps its name. */
export function assignments(options: Options<readonly Assignment[]> & { readonly of?: "template" }): Arg<readonly Assignment[]> {
  return arg({ kind: "assignments", ...(options.of === undefined ? {} : { of: options.of }) }, options);
}
/** `perfect = perfect_match, non = not perfect_match`: named conditions. */
export function parts(options: Options<readonly Assignment[]>): Arg<readonly Assignment[]> {
  return arg({ kind: "parts" }, options);
}
export interface NamedPlan {
  readonly name: string;
  readonly plan: Plan;
}
/** Relations, with names (`perfect = (sample perfect 10)`) or without. */
export function pipelines(options: Options<readonly NamedPlan[]> & { readonly named: boolean }): Arg<readonly NamedPlan[]> {
  return arg({ kind: "pipelines", named: options.named }, options);
}
/** `( stages )` applied to the stage's own input. */
export function stages(options: Options<Plan>): Arg<Plan> {
  return arg({ kind: "stages" }, options);
}
/** `{id: str}` */
export function types(options: Options<Readonly<Record<string, ScalarType>>>): Arg<Readonly<Record<string, ScalarType>>> {
  return arg({ kind: "types" }, options);
}
export interface Check {
  readonly condition: Scalar;
  readonly message: string;
  /** The condition as typed. */
  readonly text: string;
  /** Relations whose aggregates the condition reads, inputs 1, 2 … of the plan. */
  readonly relations: readonly Plan[];
}
/** `expr` or `expr, "message"`. */
export function check(options: Options<Check>): Arg<Check> {
  return arg({ kind: "check" }, options);
}
