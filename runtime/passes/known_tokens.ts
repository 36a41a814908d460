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

/**
 * The tokens of the texts in these columns of a row, read as one: those that stand with the row, as long as it has the texts that they are of and the model is theirs, and else the
 * tokenizer's. `encode`: that of the model, or what was kept of it.
 */
export function idsOf({ model, bos }: { readonly model: ModelRef; readonly bos: boolean }, table: Table, columns: readonly string[], { bosId }: Pick<Tokenizer, "bosId">, encode: Tokenizer["encode"]): (row: number, texts: readonly string[]) => RowTokens {
  const column = table.columns.find(({ name }) => name === columns.at(-1));
  const written = column?.type === "str" ? column.written : undefined;
  return (row, texts) => {
    const known = written?.[row] ?? null;
    if (known === null || known.model !== model.digest || !same(known, texts)) return { ids: encode(texts.join(""), { bos }), seam: null };
    const first = bos && bosId !== null && known.ids[0]![0] !== bosId ? [bosId] : [];
    return { ids: Int32Array.from([first, ...known.ids].flatMap((ids) => Array.from(ids))), seam: known.ids.length < 2 ? null : first.length + known.ids[0]!.length };
  };
}

function same({ texts }: WrittenTokens, others: readonly string[]): boolean {
  return texts.length === others.length && texts.every((text, at) => text === others[at]);
}
