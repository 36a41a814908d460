/** Without this file the model would have no token ids to read. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Op } from "../../src/ops/op.ts";
import type { LoadedModel } from "../catalog/catalog.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { DataError } from "../data/error.ts";
import type { Table, Tokens } from "../data/frame.ts";
import type { Turns } from "../turns.ts";
import { idsOf, textsOf } from "./known_tokens.ts";

/**
 * Tokenize each document. A pair is read as one text, prompt directly followed by continuation; `boundary` is the first token
 * that reaches into the continuation. Tokens that stand with a row (`known_tokens.ts`) are read as they are. `from`: rows before this piece of a table, for messages. `encode`: the model's tokenizer, or what was kept of it.
 * @throws DataError `missing-text`, `text-too-long` with the row
 */
export async function tokenizeTable(op: Op & { readonly op: "tokenize" }, table: Table, model: LoadedModel, encode: Tokenizer["encode"], turns: Turns, from = 0): Promise<Tokens> {
  const { tokenizer, facts } = model;
  const parts = op.textColumns.map((name) => textsOf(table, name));
  const tokensAt = idsOf(op, table, op.textColumns, tokenizer, encode);
  const ids: Int32Array[] = [];
  const boundary: number[] = [];
  let truncated = 0;
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const texts = parts.map((part, i) => {
      const value = part(row);
      if (value === null) throw new DataError({ code: "missing-text", message: `row ${from + row + 1} has no \`${op.textColumns[i]!}\``, help: `… | where not is_null(${op.textColumns[i]!}) | …`, row: from + row + 1, column: op.textColumns[i]! });
      return value;
    });
    const { ids: whole, seam } = tokensAt(row, texts);
    let document = whole;
    if (document.length > facts.context) {
      if (op.whenTooLong === "error") {
        throw new DataError({
          code: "text-too-long",
          message: `the text of row ${from + row + 1} has ${document.length} tokens, and the model's context holds ${facts.context}`,
          notes: [`tokens are never dropped in silence, and \`set long truncate\` drops what lies behind them; row ${from + row + 1} of ${table.origin}`],
          help: inPieces(op.textColumns, facts.context),
          row: from + row + 1,
        });
      }
      document = document.slice(0, facts.context);
      truncated++;
    }
    if (document.length === 0) throw new DataError({ code: "missing-text", message: `the text of row ${from + row + 1} is empty, and the model needs at least one token`, help: "… | where len(text) > 0 | …", row: from + row + 1 });
    ids.push(document);
    if (parts.length === 2) boundary.push(Math.min(document.length, seam ?? continuationStart(texts[0]!, document, encode, op.bos)));
  }
  return {
    kind: "tokens",
    table,
    model: op.model.name,
    ids,
    boundary: parts.length === 2 ? boundary : null,
    special: tokenizer.specialIds,
    piece: tokenizer.piece,
    pieces: tokenizer.pieces,
    truncated,
    source: op.textColumns.join(" + "),
  };
}

/** What makes pieces that fit of texts that do not: of a prompt and its continuation as one text. */
export function inPieces(columns: readonly string[], size: number): string {
  const names = columns.map((name) => printColumn(name));
  return `… | ${names.length === 1 ? "" : `text ${names.join(" + ")} | `}chunk ${size}${names.length > 1 || names[0] === "text" ? "" : ` of ${names[0]}`} | …`;
}

/** Tokens of the joint text that the prompt's own tokens agree with: a token that spans the seam belongs to the continuation. */
function continuationStart(prompt: string, document: Int32Array, encode: Tokenizer["encode"], bos: boolean): number {
  const alone = encode(prompt, { bos });
  let agree = 0;
  while (agree < alone.length && agree < document.length && alone[agree] === document[agree]) agree++;
  return agree;
}
