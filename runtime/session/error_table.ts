/** Without this file what went wrong could be read once and then neither searched nor saved. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { Source } from "./session_port.ts";

const COLUMNS: readonly ColumnSchema[] = [
  { name: "code", type: "str" },
  { name: "message", type: "str" },
  { name: "source", type: "str" },
  { name: "line", type: "int" },
  { name: "column", type: "int" },
  { name: "text", type: "str" },
  { name: "fix", type: "str" },
  { name: "help", type: "str" },
];

/** `_error`: the mistakes of the last text that failed, one row each; line and column count from 1, `fix` is the whole text mended, `help` what to do; null where there is none. */
export function errorTable(diagnostics: readonly Diagnostic[], source: Source): Plan {
  const rows = diagnostics.map(({ code, message, span, fix, help }) => {
    const before = source.text.slice(0, span.start).split("\n");
    const mended = fix === undefined ? null : source.text.slice(0, fix.span.start) + fix.text + source.text.slice(fix.span.end);
    return [code, message, source.name, before.length, before.at(-1)!.length + 1, source.text.slice(span.start, span.end), mended, help ?? null];
  });
  return { op: { op: "literal", columns: COLUMNS, rows }, inputs: [], schema: { kind: "table", columns: COLUMNS, groups: null, known: true }, at: { start: 0, end: 0 }, label: "_error" };
}
