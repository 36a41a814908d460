/** Without this file the model would have no token ids to read. */
import type { Op } from "../../src/ops/op.ts";
import type { LoadedModel } from "../catalog/catalog.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { DataError } from "../data/error.ts";
import type { Table, Tokens, WrittenTokens } from "../data/frame.ts";
import type { Turns } from "../turns.ts";

/** The texts of one column; null where missing. */
function textsOf(table: Table, name: string): (row: number) => string | null {
  const column = table.columns.find((each) => each.name === name);
  if (column === undefined || column.type !== "str") throw new Error(`no text column ${name}`);
  return (row) => (column.valid !== null && column.valid[row] === 0 ? null : column.values[row]!);
}

/** The tokens that a model wrote the texts of one column in, where it was this one. */
function writtenOf(table: Table, name: string | undefined, model: string): (row: number, texts: readonly string[]) => WrittenTokens | undefined {
  const column = table.columns.find((each) => each.name === name);
  const written = column?.type === "str" ? column.written : undefined;
  return (row, [input, continuation]) => {
    const found = written?.[row] ?? undefined;
    return found?.model === model && found.input === input && found.continuation === continuation ? found : undefined;
  };
}

/**
 * Tokenize each document. A pair is read as one text, prompt directly followed by continuation; `boundary` is the first token
 * that reaches into the continuation. Where the model itself has continued, its own tokens are read. `from`: rows before this piece of a table, for messages. `encode`: the model's tokenizer, or what was kept of it.
 * @throws DataError `missing-text`, `text-too-long` with the row
 */
export async function tokenizeTable(op: Op & { readonly op: "tokenize" }, table: Table, model: LoadedModel, encode: Tokenizer["encode"], turns: Turns, from = 0): Promise<Tokens> {
  const { tokenizer, facts } = model;
  const parts = op.textColumns.map((name) => textsOf(table, name));
  const written = writtenOf(table, op.textColumns[1], op.model.digest);
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
    const known = written(row, texts);
    const bos = op.bos && tokenizer.bosId !== null && known?.prompt[0] !== tokenizer.bosId ? [tokenizer.bosId] : [];
    let document = known === undefined ? encode(texts.join(""), { bos: op.bos }) : Int32Array.from([...bos, ...known.prompt, ...known.generated]);
    if (document.length > facts.context) {
      if (op.whenTooLong === "error") {
        throw new DataError({
          code: "text-too-long",
          message: `the text of row ${from + row + 1} has ${document.length} tokens, and the model's context holds ${facts.context}`,
          notes: [`tokens are never dropped in silence; row ${from + row + 1} of ${table.origin}`],
          help: "set long truncate",
          row: from + row + 1,
        });
      }
      document = document.slice(0, facts.context);
      truncated++;
    }
    if (document.length === 0) throw new DataError({ code: "missing-text", message: `the text of row ${from + row + 1} is empty, and the model needs at least one token`, help: "… | where len(text) > 0 | …", row: from + row + 1 });
    ids.push(document);
    if (parts.length === 2) boundary.push(Math.min(document.length, known === undefined ? continuationStart(texts[0]!, document, encode, op.bos) : bos.length + known.prompt.length));
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

/** Tokens of the joint text that the prompt's own tokens agree with: a token that spans the seam belongs to the continuation. */
function continuationStart(prompt: string, document: Int32Array, encode: Tokenizer["encode"], bos: boolean): number {
  const alone = encode(prompt, { bos });
  let agree = 0;
  while (agree < alone.length && agree < document.length && alone[agree] === document[agree]) agree++;
  return agree;
}
