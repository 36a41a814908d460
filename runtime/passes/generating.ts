/** Without this file a text could be read and compared, and nobody would know how the model goes on with it. */
import seedrandom from "seedrandom";
import type { Op } from "../../src/ops/op.ts";
import type { LoadedModel } from "../catalog/catalog.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { DataError } from "../data/error.ts";
import type { Column, Table, WrittenTokens } from "../data/frame.ts";
import { createColumn, takeColumn } from "../data/table.ts";
import type { ActivationContext } from "./activations.ts";
import { continueTexts, type Continuing, readBy, recutTokens, requireHead, writtenColumn } from "./continuing.ts";
import { inPieces } from "./documents.ts";
import { editsTold } from "./editing.ts";
import { tellIdleEdits } from "./idle_edits.ts";
import { idsOf, textsOf } from "./known_tokens.ts";

type Generate = Op & { readonly op: "generate" };

/** The rows of a group by its name, or of a whole without one. */
export interface NamedTable {
  readonly name: string | null;
  readonly table: Table;
}

/** One copy of the continuation of one row. */
export interface Piece {
  readonly group: number;
  readonly row: number;
  readonly copy: number;
  readonly input: string;
  readonly prompt: Int32Array;
}

/** A text, and why it ends: `max`, `stop`, or `end` for an end-of-text token, which is not one of `tokens`. */
interface Ended {
  readonly tokens: Int32Array;
  readonly text: string;
  readonly why: "max" | "end" | "stop";
}

/**
 * Every text of every table continued, all in one job. Drawn tokens of a copy are a function of the stream, its group's name, its row and its number:
 * its steps take numbers in [0, 1) of 53 bits one after another from a seedrandom stream of its own (`runtime/kernels/drawing.ts`).
 * @throws DataError `missing-text`, `text-too-long` with the row; CheckpointError `missing-tensor` of a model without a head
 */
export async function generateTexts(op: Generate, tables: readonly NamedTable[], context: ActivationContext, onNotice: (text: string) => void): Promise<readonly Table[]> {
  const model = context.catalog.model(op.model);
  const { tokenizer, spec } = model;
  requireHead(spec, op.model, "continues");
  const encode = context.tokenIds.encoder(model);
  const { drawn } = op;
  const made = madeOf(op);
  const { pieces, draws } = piecesOf(op, tables, model, encode);
  const ends = new Set(op.ends);
  const stops = (ids: Int32Array): boolean => op.stop.length > 0 && stopIn(tokenizer.decode(ids), op.stop);
  const generated = await continueTexts(
    {
      op,
      prompts: pieces.map(({ prompt }) => prompt),
      steps: op.most,
      ...stepsOf(op),
      draws,
      job: {
        ends: (_, ids) => ends.has(ids[ids.length - 1]!) || stops(ids),
        ...(drawn === null || draws === null ? {} : { drawn: { how: { temperature: drawn.temperature, topK: drawn.topK, topP: drawn.topP, cap: spec.logitCap ?? null }, number: numbersOf(draws) } }),
      },
    },
    context,
  );
  await tellIdleEdits(op, [readBy(pieces.map(({ prompt }) => prompt), generated)], context, onNotice);
  const ended = generated.map((ids): Ended => {
    const end = ends.has(ids[ids.length - 1]!);
    const tokens = end ? ids.slice(0, -1) : ids;
    return { tokens, text: tokenizer.decode(tokens), why: end ? "end" : stops(tokens) ? "stop" : "max" };
  });
  const recut = recutTokens(op, pieces.map(({ input, prompt }, at) => ({ input, prompt, continuation: ended[at]!.text, generated: ended[at]!.tokens })), encode, onNotice);
  const copies = op.copies / made;
  if (copies > 1 && pieces.length > 0) onNotice(`the likeliest token is taken each time, so the ${copies} continuations of each text are the same; a temperature above 0 draws`);
  return tables.map(({ table }, group) => {
    const own = pieces.flatMap((piece, at) => (piece.group === group ? [{ ...piece, ...ended[at]!, written: recut[at]! }] : []));
    return tableOf(op, table, own.flatMap((each) => Array.from({ length: copies }, (_, copy) => ({ ...each, copy: each.copy + copy }))));
  });
}

/** Of the likeliest tokens all copies are one. */
function madeOf({ drawn, copies }: Generate): number {
  return drawn === null ? 1 : copies;
}

/** What a step gives, and what names all of them beside prompts and draws. */
export function stepsOf(op: Generate): Pick<Continuing, "gives" | "name"> {
  return { gives: op.drawn === null ? "next" : "logits", name: nameOf(op) };
}

/** Each copy of each row, and, where tokens are drawn, the text that names its numbers. @throws DataError `missing-text`, `text-too-long` with the row */
export function piecesOf(op: Generate, tables: readonly NamedTable[], { facts, tokenizer }: Pick<LoadedModel, "facts" | "tokenizer">, encode: Tokenizer["encode"]): { readonly pieces: readonly Piece[]; readonly draws: readonly string[] | null } {
  const { drawn } = op;
  const pieces = tables.flatMap(({ table }, group) => promptsOf(op, table, facts.context, tokenizer, encode).flatMap(({ input, prompt }, row) => Array.from({ length: madeOf(op) }, (_, copy): Piece => ({ group, row, copy, input, prompt }))));
  return { pieces, draws: drawn === null ? null : pieces.map(({ group, row, copy }) => JSON.stringify([drawn.stream, tables[group]!.name, row, copy])) };
}

function stopIn(text: string, stop: Generate["stop"]): boolean {
  return stop.some((each) => text.includes(each));
}

/** All that a continuation depends on beside its prompt and the numbers that it is drawn with. */
function nameOf({ most, drawn, ends, stop }: Generate): string {
  const how = drawn === null ? "generated" : `drawn at temperature ${drawn.temperature}${drawn.topK === null ? "" : `, top_k ${drawn.topK}`}${drawn.topP === null ? "" : `, top_p ${drawn.topP}`}`;
  return `up to ${most} tokens ${how}${ends.length === 0 ? "" : `, up to token ${ends.join(" or ")}`}${stop.length === 0 ? "" : `, up to ${stop.map((each) => JSON.stringify(each)).join(" or ")}`}`;
}

function promptsOf(op: Generate, table: Table, room: number, tokenizer: Tokenizer, encode: Tokenizer["encode"]): readonly Pick<Piece, "input" | "prompt">[] {
  const { textColumn, most } = op;
  const textAt = textsOf(table, textColumn);
  const tokensAt = idsOf(op, table, [textColumn], tokenizer, encode);
  return Array.from({ length: table.rows }, (_, row) => {
    const input = textAt(row);
    const missing = (what: string, help: string): DataError => new DataError({ code: "missing-text", message: `row ${row + 1} ${what}`, help, row: row + 1, column: textColumn });
    if (input === null) throw missing(`has no \`${textColumn}\``, `… | where not is_null(${textColumn}) | …`);
    const prompt = tokensAt(row, [input]).ids;
    if (prompt.length === 0) throw missing("is empty, and the model needs at least one token", `… | where len(${textColumn}) > 0 | …`);
    if (prompt.length + most > room) {
      throw new DataError({
        code: "text-too-long",
        message: `the text of row ${row + 1} has ${prompt.length} tokens, and ${most} more do not fit the model's context of ${room}`,
        notes: [`row ${row + 1} of ${table.origin}`],
        help: prompt.length < room ? `generate max ${room - prompt.length}` : `${inPieces([textColumn], room - most).slice(0, -1)}generate max ${most}`,
        row: row + 1,
        column: textColumn,
      });
    }
    return { input, prompt };
  });
}

/** The next number of each piece, each from a stream that begins when it is first asked. */
function numbersOf(draws: readonly string[]): (index: number) => number {
  const streams = new Map<number, seedrandom.PRNG>();
  return (index) => {
    const stream = streams.get(index) ?? seedrandom(draws[index]!);
    streams.set(index, stream);
    return stream.double();
  };
}

function tableOf({ model, textColumn, numbered, edits }: Generate, table: Table, pieces: readonly (Piece & Ended & { readonly written: WrittenTokens | null })[]): Table {
  const made: readonly Column[] = [
    createColumn("input_text", "str", pieces.map(({ input }) => input)),
    writtenColumn(pieces.map(({ text }) => text), pieces.map(({ written }) => written)),
    ...(numbered ? [createColumn("sample", "int", pieces.map(({ copy }) => copy + 1))] : []),
    createColumn("generated_tokens", "int", pieces.map(({ tokens }) => tokens.length)),
    createColumn("ended", "str", pieces.map(({ why }) => why)),
  ];
  const from = pieces.map(({ row }) => row);
  const kept = table.columns.filter(({ name }) => name !== textColumn && name !== "text" && !made.some((each) => each.name === name));
  const facts = { texts: table.rows, positions: pieces.reduce((sum, { tokens }) => sum + tokens.length, 0), masked: 0, truncated: 0, model: model.name, source: textColumn, origin: table.origin, ...editsTold({ edits }) };
  return { kind: "table", rows: pieces.length, origin: table.origin, foundIn: [{ taps: [], facts }], columns: [...kept.map((column) => takeColumn(column, from)), ...made] };
}
