/** Without this file Ink would wrap rows that are already laid out, and their number would no longer be known. */
import { createElement as h, type ReactNode } from "react";
import { Text } from "ink";

/** Rows laid out before, one to a line. */
export function Rows({ rows }: { readonly rows: readonly string[] }): ReactNode {
  return rows.map((row, i) => h(Text, { key: i, wrap: "truncate" }, row === "" ? " " : row));
}
