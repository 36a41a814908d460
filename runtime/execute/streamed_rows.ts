/** Without this file nobody would know before the last row of a stream how many there are. */
import type { Plan } from "../../src/ops/op.ts";
import type { StreamContext } from "./stream.ts";

/** How many rows a stream (`streamOf`) gives; null where that depends on what stands in them. */
export function streamedRows(plan: Plan, context: Pick<StreamContext, "catalog" | "signal">): number | null {
  const { op } = plan;
  if (op.op === "read") return context.catalog.stream(op, { signal: context.signal })?.rows ?? null;
  const rows = plan.inputs.length === 1 ? streamedRows(plan.inputs[0]!, context) : null;
  if (rows === null) return null;
  switch (op.op) {
    case "project":
    case "sort":
      return rows;
    case "limit":
    case "sample":
      return Math.min(op.count, rows);
    case "skip":
      return Math.max(0, rows - op.count);
    default:
      return null;
  }
}
