/** Without this file tables would be streamed, and then gathered again by the stage that asks for them. */
import type { Op, Plan } from "../../src/ops/op.ts";
import type { ActivationContext } from "../passes/activations.ts";
import { brokenNotice } from "../passes/broken.ts";
import { createIdleEdits, type IdleEdits } from "../passes/idle_edits.ts";
import { noneLeftNotice } from "../passes/none_left.ts";
import { counted } from "../counted.ts";
import { createChunks } from "../data/chunks.ts";
import { DataError } from "../data/error.ts";
import { tokenizeTable } from "../passes/documents.ts";
import { foretoldRows } from "../data/foretold_size.ts";
import type { Table, Tokens, Value } from "../data/frame.ts";
import { saveRows } from "./save.ts";
import { takeRows } from "../data/table.ts";
import { createTurns } from "../turns.ts";
import type { ExecuteContext } from "./execute_context.ts";
import { reduceForward } from "../passes/reduce_forward.ts";
import { StageError } from "./stage_error.ts";
import { collected } from "../data/collected.ts";
import { streamOf, type StreamContext } from "./stream.ts";
import { streamedRows } from "./streamed_rows.ts";
import { streamedAggregate, streamedCount } from "./streamed_totals.ts";
import { withoutValue } from "./without_value.ts";

type Context = ActivationContext & StreamContext & Pick<ExecuteContext, "unseen" | "savedRounds" | "roundTexts" | "outputPath" | "onSaved" | "admitWrite" | "rawCsv">;

/** The value of a plan that streams, or that asks a stream for less than its rows; null for others. */
export async function streamedValue(plan: Plan, context: Context): Promise<Value | null> {
  const { op } = plan;
  if (op.op === "read") return null;
  if (op.op === "forward" && op.reduce !== undefined) return passed(plan, op, context);
  if (op.op === "count" || op.op === "aggregate") return summedUp(plan, op, context);
  if (op.op === "save") return plan === context.unseen ? saved(plan, op, context) : null;
  const pieces = streamOf(plan, context);
  return pieces === null ? null : collected(pieces);
}

/** Rows of a stream in a file; what is given for them has their columns and no rows. */
async function saved(plan: Plan, op: Op & { readonly op: "save" }, context: Context): Promise<Table | null> {
  const input = plan.inputs[0]!;
  if (op.format === "svg" || input.schema.kind !== "table" || input.schema.groups !== null) return null;
  const pieces = streamOf(input, context);
  if (pieces === null) return null;
  const path = context.outputPath(op.path);
  let columns: Table | null = null;
  let rows = streamedRows(input, context);
  const chunks = createChunks();
  const watched = async function* (): AsyncGenerator<Table> {
    for await (const piece of pieces) {
      columns ??= takeRows(piece, []);
      if (rows !== null && piece.rows > 0) {
        const much = foretoldRows(piece, rows, "all", op.format);
        if (much !== null) context.onNotice(`${plan.label}: ${much}`);
        rows = null;
      }
      yield* chunks.put(piece);
    }
    const rest = chunks.rest();
    if (rest !== null) yield rest;
  };
  context.onSaved(path, await saveRows(watched(), path, op.format, { signal: context.signal, raw: context.rawCsv === true, ...(context.admitWrite === undefined ? {} : { admit: context.admitWrite }) }));
  return columns!;
}

/** Figures of a table, or of its groups by values, whose rows come from a stream. */
async function summedUp(plan: Plan, op: Op & { readonly op: "count" | "aggregate" }, context: Context): Promise<Table | null> {
  const input = plan.inputs[0]!;
  const group = input.op.op === "group_by" && context.known(input) === undefined ? input.op : null;
  const table = group === null ? input : input.inputs[0]!;
  if (table.schema.kind !== "table" || table.schema.groups !== null || (op.op === "aggregate" && (op.keys === null) !== (group === null))) return null;
  const pieces = streamOf(table, context);
  if (pieces === null) return null;
  const turns = createTurns(context.signal);
  const keys = group?.keys ?? [];
  const undefinedValues = (operation: string, rows: number): void => context.onNotice(withoutValue(plan.label, operation, rows));
  const made = op.op === "count" ? streamedCount(pieces, keys, op.by, turns) : streamedAggregate(plan, op, keys, pieces, turns, undefinedValues);
  return made.catch((error: unknown) => {
    throw error instanceof DataError && error.code === "too-many-groups" ? new StageError(input, error) : error;
  });
}

/** Text → tokens → model → figures, a round of texts at a time; null where no text comes from a stream. */
async function passed(plan: Plan, op: Op & { readonly op: "forward" }, context: Context): Promise<Value | null> {
  const tokenize = plan.inputs[0]!;
  if (tokenize.op.op !== "tokenize" || context.known(tokenize) !== undefined) return null;
  const { onRows: _, ...quiet } = context;
  // The progress of the texts is told, not that of their rows.
  const pieces = streamOf(tokenize.inputs[0]!, quiet);
  if (pieces === null) return null;
  const idle = createIdleEdits(op, context.catalog);
  const [value] = await reduceForward(op, op.reduce!, [{ pieces: tokens(tokenize.op, pieces, context, idle), total: null }], { context, taker: context.savedRounds.begin(plan, { groups: null, total: null }) });
  if (value!.facts.truncated > 0) context.onNotice(`${tokenize.label}: ${counted(value!.facts.truncated, "text")} ${value!.facts.truncated === 1 ? "was" : "were"} cut to the model's context`);
  const notice = brokenNotice(plan.label, null, value!);
  if (notice !== null) context.onNotice(notice);
  const noneLeft = noneLeftNotice(plan.label, null, op.window, value!);
  if (noneLeft !== null) context.onNotice(noneLeft);
  for (const sentence of await idle.sentences(context)) context.onNotice(`${plan.label}: ${sentence}`);
  return value!;
}

async function* tokens(op: Op & { readonly op: "tokenize" }, pieces: AsyncGenerator<Table>, { catalog, tokenIds, signal }: Context, idle: IdleEdits): AsyncGenerator<Tokens> {
  const turns = createTurns(signal);
  const model = catalog.model(op.model);
  const encode = tokenIds.encoder(model);
  let from = 0;
  for await (const piece of pieces) {
    const made = await tokenizeTable(op, piece, model, encode, turns, from);
    idle.see(made);
    yield made;
    from += piece.rows;
  }
}
