/** Without this file the phases could not say what flows through a pipe. */

/** The type of one value in a column. `int` is exact up to 2^53; any may be null. */
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
}

export const UNKNOWN: Schema = { kind: "table", columns: [], groups: null, known: false };

export function table(columns: readonly ColumnSchema[]): Schema {
  return { kind: "table", columns, groups: null, known: true };
}

export function columnOf(schema: Schema, name: string): ColumnSchema | undefined {
  return schema.columns.find((column) => column.name === name);
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
