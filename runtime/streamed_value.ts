/** Without this file tables would be streamed, and then gathered again by the stage that asks for them. */
import type { Op, Plan } from "../src/ops/op.ts";
import type { Scalar } from "../src/ops/scalar.ts";
import type { ActivationContext } from "./activations.ts";
import { tokenizeTable } from "./documents.ts";
import { aggregateTable } from "./data/grouping.ts";
import { countRows } from "./data/summaries.ts";
import type { Table, Tokens, Value } from "./data/frame.ts";
import { createTable } from "./data/table.ts";
import { reduceForward } from "./reduce_forward.ts";
import { collected, streamOf, type StreamContext } from "./stream.ts";

type Context = ActivationContext & StreamContext;

/** The value of a plan that streams, or that asks a stream for less than its rows; null for others. */
export async function streamedValue(plan: Plan, context: Context): Promise<Value | null> {
  const { op } = plan;
  if (op.op === "read") return null;
  if (op.op === "forward" && op.reduce !== undefined) return passed(plan, op, context);
  if (op.op === "count" || (op.op === "aggregate" && op.keys === null)) {
    const input = plan.inputs[0]!;
    if (input.schema.kind !== "table" || input.schema.groups !== null) return null;
    const pieces = streamOf(input, context);
    if (pieces === null) return null;
    const columns = op.op === "count" ? op.by : [...new Set(op.columns.flatMap(({ value }) => columnsOf(value)))];
    const table = await narrowed(pieces, columns);
    if (op.op === "count") return countRows([{ name: null, table }], op.by);
    return aggregateTable([{ name: null, table }], op.columns, op.keys, (operation, rows) => context.onNotice(`${plan.label}: \`${operation}\` has no value in ${rows} rows; they are null`));
  }
  const pieces = streamOf(plan, context);
  return pieces === null ? null : collected(pieces);
}

/** Only these columns, all rows: no columns take no memory. */
async function narrowed(pieces: AsyncGenerator<Table>, columns: readonly string[]): Promise<Table> {
  let rows = 0;
  const keep = async function* (): AsyncGenerator<Table> {
    for await (const piece of pieces) {
      rows += piece.rows;
      yield createTable(piece.origin, piece.columns.filter(({ name }) => columns.includes(name)), piece.rows);
    }
  };
  const table = await collected(keep());
  return { ...table, rows };
}

/** Text → tokens → model → figures, a round of texts at a time; null where no text comes from a stream. */
async function passed(plan: Plan, op: Op & { readonly op: "forward" }, context: Context): Promise<Value | null> {
  const tokenize = plan.inputs[0]!;
  if (tokenize.op.op !== "tokenize" || context.known(tokenize) !== undefined) return null;
  const { onRows: _, ...quiet } = context;
  // The progress of the texts is told, not that of their rows.
  const pieces = streamOf(tokenize.inputs[0]!, quiet);
  if (pieces === null) return null;
  const [value] = await reduceForward(op, op.reduce!, [{ pieces: tokens(tokenize.op, pieces, context), total: null }], context);
  if (value!.facts.truncated > 0) context.onNotice(`${tokenize.label}: ${value!.facts.truncated} texts were cut to the model's context`);
  if (value!.nonFinite > 0) context.onNotice(`${plan.label}: ${value!.nonFinite} activations are not finite numbers; they count as not active`);
  return value!;
}

async function* tokens(op: Op & { readonly op: "tokenize" }, pieces: AsyncGenerator<Table>, { catalog }: Context): AsyncGenerator<Tokens> {
  const model = catalog.model(op.model);
  let from = 0;
  for await (const piece of pieces) {
    yield tokenizeTable(op, piece, model, from);
    from += piece.rows;
  }
}

function columnsOf(scalar: Scalar): readonly string[] {
  switch (scalar.op) {
    case "column":
      return [scalar.name];
    case "literal":
      return [];
    case "compare":
    case "arithmetic":
    case "logic":
      return [...columnsOf(scalar.left), ...columnsOf(scalar.right)];
    case "not":
    case "negate":
      return columnsOf(scalar.operand);
    case "within":
      return [scalar.operand, scalar.from, scalar.to].flatMap(columnsOf);
    case "member":
      return [scalar.operand, ...scalar.options].flatMap(columnsOf);
    case "call":
    case "aggregate":
      return scalar.args.flatMap(columnsOf);
    default:
      return scalar satisfies never;
  }
}
