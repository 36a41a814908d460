/** Without this file a text longer than the model's context could not be read, or only its beginning. */
import type { Op } from "../../src/ops/op.ts";
import type { LoadedModel } from "../catalog/catalog.ts";
import { placesIn } from "../checkpoint/tokenizer/places.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { counted } from "../counted.ts";
import { collected } from "../data/collected.ts";
import { DataError } from "../data/error.ts";
import type { Column, Table, WrittenTokens } from "../data/frame.ts";
import { PIECE_ROWS } from "../data/pieces.ts";
import { createColumn, createTable, takeColumn } from "../data/table.ts";
import type { Turns } from "../turns.ts";
import type { ActivationContext } from "./activations.ts";
import { behindBos, knownTokens, textsOf } from "./known_tokens.ts";

type Chunk = Op & { readonly op: "chunk" };

/** Of longer texts no ids are kept: they are read part by part, and no further than is asked for. UTF-16 units. */
const KEPT_TEXT = 1 << 18;
/** Behind a token that ends within a character, those that end it. */
const REST_OF_CHARACTER = 4;

/** How texts become pieces. */
export interface Chunking {
  readonly tokenizer: Tokenizer;
  /** The tokenizer, or what was kept of it. */
  readonly encode: Tokenizer["encode"];
}

export function chunkingOf(op: Chunk, { catalog, tokenIds }: Pick<ActivationContext, "catalog" | "tokenIds">): Chunking {
  const model: LoadedModel = catalog.model(op.model);
  return { tokenizer: model.tokenizer, encode: tokenIds.encoder(model) };
}

/** What was left out of texts because it fills no piece. */
interface Dropped {
  tokens: number;
  /** Texts of which there is no piece. */
  texts: number;
  /** All texts. */
  read: number;
}

interface Piece {
  readonly row: number;
  readonly chunk: number;
  readonly start: number;
  readonly text: string;
  /** Null where the text by itself has the same. */
  readonly written: WrittenTokens | null;
}

/**
 * The texts of a table in pieces. The tokens of a piece are those of the whole text, cut by their number (as `return_overflowing_tokens` of transformers cuts them), and stand with its row; its text
 * is the part of the whole that they spell, so that pieces without overlap are the whole again. A character that a cut goes through is of the piece that it begins in.
 * @throws DataError `missing-text` with the row; AbortError
 */
export async function chunkTable(op: Chunk, table: Table, chunking: Chunking, turns: Turns, onNotice: (text: string) => void): Promise<Table> {
  return collected(chunkTables(op, (async function* () { yield table; })(), chunking, turns, onNotice));
}

/** The same of rows that come in tables: in tables of bounded size, at least one. */
export async function* chunkTables(op: Chunk, tables: AsyncGenerator<Table>, chunking: Chunking, turns: Turns, onNotice: (text: string) => void): AsyncGenerator<Table> {
  const dropped: Dropped = { tokens: 0, texts: 0, read: 0 };
  let given = false;
  for await (const table of tables) {
    for await (const pieces of piecesOf(op, table, dropped, chunking, turns)) {
      given ||= pieces.length > 0;
      yield tableOf(op, table, pieces, dropped.read);
    }
    dropped.read += table.rows;
    if (!given) yield tableOf(op, table, [], 0);
    given = true;
  }
  if (dropped.tokens > 0 || dropped.texts > 0) {
    const none = dropped.texts === 0 ? "" : `, and ${dropped.texts} of ${counted(dropped.read, "text")} ${dropped.texts === 1 ? "has" : "have"} no piece`;
    onNotice(`${counted(dropped.tokens, "token")} that fill${dropped.tokens === 1 ? "s" : ""} no piece ${dropped.tokens === 1 ? "was" : "were"} left out${none}`);
  }
}

async function* piecesOf(op: Chunk, table: Table, dropped: Dropped, { tokenizer, encode }: Chunking, turns: Turns): AsyncGenerator<readonly Piece[]> {
  const textAt = textsOf(table, op.textColumn);
  const knownAt = knownTokens(op, table, [op.textColumn]);
  const room = op.size - (op.bos ? 1 : 0);
  const step = room - op.overlap;
  let made: Piece[] = [];
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const number = dropped.read + row + 1;
    const missing = (what: string, help: string): DataError => new DataError({ code: "missing-text", message: `row ${number} ${what}`, help, row: number, column: op.textColumn });
    const text = textAt(row);
    if (text === null) throw missing(`has no \`${op.textColumn}\``, `… | where not is_null(${op.textColumn}) | …`);
    const wanted = op.most === null ? Number.POSITIVE_INFINITY : room + (op.most - 1) * step;
    const known = knownAt(row, [text]);
    const parts = known !== null ? [behindBos(known.ids, op.bos, tokenizer)] : text.length <= KEPT_TEXT ? [encode(text, { bos: op.bos })] : tokenizer.idsOf(text, { bos: op.bos });
    const { ids, ends, whole } = await tokensOf(text, parts, { bos: op.bos, wanted, tokenizer }, turns, (share) => (row + share) / table.rows);
    if (ids.length === 0 && !op.bos) throw missing("is empty, and the model needs at least one token", `… | where len(${op.textColumn}) > 0 | …`);
    let chunk = 0;
    for (let start = 0; op.most === null || chunk < op.most; start += step) {
      const end = Math.min(start + room, ids.length);
      const last = end === ids.length && whole;
      if (op.full && end - start < room) {
        // Tokens that the piece before has are not lost.
        dropped.tokens += end - (chunk === 0 ? start : start + op.overlap);
        if (chunk === 0) dropped.texts++;
        break;
      }
      const own = text.slice(start === 0 ? 0 : ends[start - 1], last ? text.length : ends[end - 1]);
      made.push({ row, chunk: chunk++, start, text: own, written: start === 0 && last && known === null ? null : { model: op.model.digest, texts: [own], ids: [ids.subarray(start, end)] } });
      if (made.length === PIECE_ROWS) {
        yield made;
        made = [];
      }
      if (last) break;
    }
  }
  if (made.length > 0) yield made;
}

/** The tokens of a text behind BOS, so many as are wanted or all of them, and where each ends. `read`: its tokens, BOS first where there is one, part by part. */
async function tokensOf(text: string, read: Iterable<Int32Array>, { bos, wanted, tokenizer }: { readonly bos: boolean; readonly wanted: number; readonly tokenizer: Tokenizer }, turns: Turns, shareOf: (share: number) => number): Promise<{ readonly ids: Int32Array; readonly ends: Uint32Array; readonly whole: boolean }> {
  const places = placesIn(text, tokenizer);
  const parts: Int32Array[] = [];
  let length = 0;
  let begun = !bos;
  let whole = true;
  for (const part of read) {
    const ids = begun ? part : part.subarray(1);
    begun = true;
    for (const id of ids) places.put(id);
    parts.push(ids);
    length += ids.length;
    if (length >= wanted + REST_OF_CHARACTER) {
      whole = false;
      break;
    }
    const turn = turns.between(shareOf(places.reached / Math.max(1, text.length)));
    if (turn !== null) await turn;
  }
  const ids = new Int32Array(length);
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return { ids, ends: places.ends(), whole };
}

function tableOf(op: Chunk, table: Table, pieces: readonly Piece[], before: number): Table {
  const from = Uint32Array.from(pieces, ({ row }) => row);
  const kept = table.columns.filter(({ name }) => name !== op.textColumn);
  const texts = createColumn("text", "str", pieces.map(({ text }) => text));
  const written = pieces.map((piece) => piece.written);
  const made: readonly Column[] = [
    createColumn("document", "int", pieces.map(({ row }) => before + row)),
    createColumn("chunk", "int", pieces.map(({ chunk }) => chunk)),
    createColumn("start", "int", pieces.map(({ start }) => start)),
    texts.type !== "str" || written.every((each) => each === null) ? texts : { ...texts, written },
  ];
  return createTable(table.origin, [...kept.map((column) => takeColumn(column, from)), ...made], pieces.length);
}
