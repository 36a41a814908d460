/** Without this file tokens that stand with a row would be cut anew out of its text, and some be others than were meant. */
import type { ModelRef } from "../../src/ops/op.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import type { Table, WrittenTokens } from "../data/frame.ts";

/** The texts of one column; null where missing. */
export function textsOf(table: Table, name: string): (row: number) => string | null {
  const column = table.columns.find((each) => each.name === name);
  if (column === undefined || column.type !== "str") throw new Error(`no text column ${name}`);
  return (row) => (column.valid !== null && column.valid[row] === 0 ? null : column.values[row]!);
}

/** What the model reads of a row, and the place of the first token of its second text where that is known. */
export interface RowTokens {
  readonly ids: Int32Array;
  readonly seam: number | null;
}

/** The tokens that stand with a row, as long as it has the texts that they are of and the model is theirs; null for others. */
export function knownTokens({ model }: { readonly model: ModelRef }, table: Table, columns: readonly string[]): (row: number, texts: readonly string[]) => WrittenTokens | null {
  const column = table.columns.find(({ name }) => name === columns.at(-1));
  const written = column?.type === "str" ? column.written : undefined;
  return (row, texts) => {
    const known = written?.[row] ?? null;
    return known !== null && known.model === model.digest && same(known, texts) ? known : null;
  };
}

/** Ids behind BOS where the model is given one: those of a text that spells it out have it once. */
export function behindBos(ids: readonly ArrayLike<number>[], bos: boolean, { bosId }: Pick<Tokenizer, "bosId">): Int32Array {
  const parts = bos && bosId !== null && ids[0]?.[0] !== bosId ? [[bosId], ...ids] : ids;
  const all = new Int32Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

/** The tokens of the texts in these columns of a row, read as one: those that stand with the row, and else the tokenizer's. `encode`: that of the model, or what was kept of it. */
export function idsOf(op: { readonly model: ModelRef; readonly bos: boolean }, table: Table, columns: readonly string[], tokenizer: Pick<Tokenizer, "bosId">, encode: Tokenizer["encode"]): (row: number, texts: readonly string[]) => RowTokens {
  const tokensAt = knownTokens(op, table, columns);
  return (row, texts) => {
    const known = tokensAt(row, texts);
    if (known === null) return { ids: encode(texts.join(""), { bos: op.bos }), seam: null };
    const ids = behindBos(known.ids, op.bos, tokenizer);
    return { ids, seam: known.ids.length < 2 ? null : ids.length - known.ids[1]!.length };
  };
}

function same({ texts }: WrittenTokens, others: readonly string[]): boolean {
  return texts.length === others.length && texts.every((text, at) => text === others[at]);
}
