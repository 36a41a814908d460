/** Without this file a line could be offered for a column, but not for what is in it. */
import type { Op, Plan } from "../../ops/op.ts";
import type { Lowering } from "../stage.ts";

/** The values of a text column that has few, where rows come from one file; else none. */
export function knownValues({ input, table }: Lowering, column: string): readonly string[] {
  const read = readOf(input);
  return read === null ? [] : table(read.path, read.separator, read.types, read.format, read.lenient)?.values?.[column] ?? [];
}

function readOf(plan: Plan): (Op & { readonly op: "read" }) | null {
  if (plan.op.op === "read") return plan.op;
  return plan.inputs.length === 1 ? readOf(plan.inputs[0]!) : null;
}
