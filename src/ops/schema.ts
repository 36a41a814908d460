/** Without this file the phases could not say what flows through a pipe. */
import type { Edit } from "./edit.ts";

/** The type of one value in a column. `int` is a whole number up to 2^53, itself included; what is beyond it before it is rounded is null. Any may be null. */
export type ScalarType = "int" | "float" | "bool" | "str";

export interface ColumnSchema {
  readonly name: string;
  readonly type: ScalarType;
}

/**
 * What flows between stages.
 * `table` rows of columns · `tokens` documents cut into token ids · `dense` raw activations, positions × d_model ·
 * `acts` sparse activations, positions × features · `features` one row per feature, linked to its acts · `plot` · `text` lines for people.
 */
export type Kind = "table" | "tokens" | "dense" | "acts" | "features" | "plot" | "text";

export interface Schema {
  readonly kind: Kind;
  /** Columns in order; for acts, the columns that `save` would write. */
  readonly columns: readonly ColumnSchema[];
  /** Names of the groups, or null where the value is one whole. [] with `keys`: the names are values, known when it runs. */
  readonly groups: readonly string[] | null;
  /** Only for groups made from values: the columns whose values name them. */
  readonly keys?: readonly ColumnSchema[];
  /** False after an error told earlier: later stages then stay silent about columns. */
  readonly known: boolean;
  /** Layers tapped, for dense, acts and features. */
  readonly layers?: readonly number[];
  /** What is done to the model that reads these texts; absent: nothing. */
  readonly edits?: readonly Edit[];
  /** The same by group, where groups differ in it; `edits` is absent then. */
  readonly groupEdits?: readonly (readonly Edit[])[];
}

export const UNKNOWN: Schema = { kind: "table", columns: [], groups: null, known: false };

export function table(columns: readonly ColumnSchema[]): Schema {
  return { kind: "table", columns, groups: null, known: true };
}

/** More columns than this are refused, in files and where joins double them. */
export const MOST_COLUMNS = 16_384;

const byName = new WeakMap<readonly ColumnSchema[], ReadonlyMap<string, ColumnSchema>>();

/** Wide tables are asked for many columns: their names are looked up, not searched. */
export function columnOf({ columns }: Pick<Schema, "columns">, name: string): ColumnSchema | undefined {
  if (columns.length < 16) return columns.find((column) => column.name === name);
  let known = byName.get(columns);
  if (known === undefined) byName.set(columns, (known = new Map(columns.map((column) => [column.name, column]))));
  return known.get(name);
}

/** The first name that two columns have, or null. */
export function repeatedName(columns: readonly ColumnSchema[]): string | null {
  const seen = new Set<string>();
  return columns.find(({ name }) => seen.size === seen.add(name).size)?.name ?? null;
}

/** The names of the groups for messages: `perfect, non_perfect`, or `one for each book`. */
export function showGroups(schema: Schema): string {
  if (schema.keys !== undefined && schema.groups !== null) return `one for each ${schema.keys.map(({ name }) => name).join(", ")}`;
  return schema.groups?.join(", ") ?? "none";
}

/** The columns that say which group a row of a summary is of. */
export function groupColumns(schema: Schema): readonly ColumnSchema[] {
  return schema.groups === null ? [] : schema.keys ?? [{ name: "group", type: "str" }];
}

/** `groups<acts>`, `table`: the type as shown in headers, hovers and messages. */
export function showType(schema: Schema): string {
  return schema.groups === null ? schema.kind : `groups<${schema.kind}>`;
}
