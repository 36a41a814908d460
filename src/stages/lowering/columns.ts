/** Without this file stages that pass columns on would each build the same projections. */
import type { Scalar } from "../../ops/scalar.ts";
import type { ColumnSchema } from "../../ops/schema.ts";

/** A projection that passes these columns on unchanged. */
export function keepColumns(columns: readonly ColumnSchema[]): { readonly name: string; readonly value: Scalar }[] {
  return columns.map(({ name, type }) => ({ name, value: { op: "column", name, type } }));
}

/** The type of a column made from an expression: a bare null is text with every value missing. */
export function columnType(value: Scalar): ColumnSchema["type"] {
  return value.type === "null" ? "str" : value.type;
}
