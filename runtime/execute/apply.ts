/** Without this file ops would be planned and none would be done: each op of a plan with the values of its inputs. */
import { OPS, type Op, type Plan } from "../../src/ops/op.ts";
import type { Value } from "../data/frame.ts";
import { tableFromRows } from "../data/table.ts";
import { createTurns } from "../turns.ts";
import { applyEffect } from "./apply_effects.ts";
import { applyFigures } from "./apply_figures.ts";
import { applyModel } from "./apply_model.ts";
import { applyToTables } from "./apply_tables.ts";
import type { ExecuteContext, OpWork } from "./execute_context.ts";

/** The value of one op. @throws DataError, CheckpointError, EngineError, AssertionFailure; AbortError */
export async function apply(plan: Plan, inputs: readonly Value[], context: ExecuteContext): Promise<Value> {
  const { op } = plan;
  const input = inputs[0]!;
  // Groups by the values of a table without rows: a summary of none of them has its columns, and no rows.
  if (input?.kind === "groups" && input.members.length === 0 && !OPS[op.op].passes && plan.schema.kind === "table" && plan.schema.groups === null) return tableFromRows(plan.schema.columns, [], plan.label);
  let long = false;
  const turns = createTurns(context.signal, (share) => {
    long = true;
    context.onWork?.(plan, share);
  });
  try {
    return await applied(op, { plan, inputs, context, turns });
  } finally {
    if (long) context.onWork?.(plan, 1);
  }
}

function applied(op: Op, work: OpWork): Promise<Value> {
  switch (op.op) {
    case "read":
    case "literal":
    case "filter":
    case "project":
    case "sort":
    case "limit":
    case "skip":
    case "distinct":
    case "join":
    case "label":
    case "sample":
    case "split":
    case "group":
    case "member":
    case "group_by":
    case "ungroup":
    case "aggregate":
    case "concat":
      return applyToTables(op, work);
    case "chat":
    case "tokenize":
    case "chunk":
    case "forward":
    case "pick":
    case "encode":
    case "decode":
    case "memorize":
    case "similar":
    case "promotes":
    case "generate":
    case "logits":
      return applyModel(op, work);
    case "fidelity":
    case "rank":
    case "statistics":
    case "histogram":
    case "contexts":
    case "rows":
    case "plot":
    case "overlap":
    case "union":
    case "compare":
    case "compare_columns":
    case "count":
    case "describe":
      return applyFigures(op, work);
    case "assert":
    case "edit":
    case "tee":
    case "save":
    case "cache":
    case "show":
      return applyEffect(op, work);
    case "explain":
      throw new Error("explain is not applied");
    default:
      return op satisfies never;
  }
}
