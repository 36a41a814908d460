/** Without this file pieces of a long text could hold other tokens than transformers cuts it into, or show other characters. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LoadedModel } from "../../runtime/catalog/catalog.ts";
import { readTokenizer, type Tokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { cellAt, columnNamed, createColumn, createTable } from "../../runtime/data/table.ts";
import { chunkTable } from "../../runtime/passes/chunking.ts";
import { tokenizeTable } from "../../runtime/passes/documents.ts";
import { createTurns } from "../../runtime/turns.ts";

/** Ids of a piece, and where its first character begins and its last one ends. */
type Piece = readonly [ids: readonly number[], places: readonly [from: number, to: number]];
interface Expected {
  readonly bos: boolean;
  readonly cases: readonly (readonly [text: string, size: number, overlap: number, pieces: readonly Piece[]])[];
}

const all = JSON.parse(readFileSync(join(import.meta.dirname, "chunks.json"), "utf8")) as Readonly<Record<string, Expected>>;
const folderOf = (name: string): string => (name === "kjv" ? join(import.meta.dirname, "../../examples/kjv/model") : join(import.meta.dirname, "tokenizers", name));
const model = { name: "m", digest: "d" };

/** Tokenizers that have no token for some characters of these texts, leave them out or put others in their place: where these belong, nobody can say. */
const LACKING: readonly string[] = ["gemma", "gpt2", "llama3", "llama3_disagreeing", "pieces", "pieces_bytes", "pythia", "qwen", "words_ended", "words_fused"];

async function pieces(text: string, size: number, overlap: number, bos: boolean, tokenizer: Tokenizer): Promise<readonly { readonly ids: readonly number[]; readonly text: string }[]> {
  const op = { op: "chunk", model, bos, textColumn: "text", size, overlap, full: false, most: null } as const;
  const table = await chunkTable(op, createTable("t", [createColumn("text", "str", [text])]), { tokenizer, encode: tokenizer.encode }, createTurns(), () => {});
  const loaded = { tokenizer, facts: { context: size } } as unknown as LoadedModel;
  const { ids } = await tokenizeTable({ op: "tokenize", model, bos, textColumns: ["text"], whenTooLong: "error" }, table, loaded, tokenizer.encode, createTurns());
  return ids.map((each, row) => ({ ids: [...each], text: cellAt(columnNamed(table, "text"), row) as string }));
}

for (const [name, { bos, cases }] of Object.entries(all)) {
  test(`texts cut for the tokenizer of ${name} are the pieces of transformers`, async () => {
    const tokenizer = await readTokenizer(folderOf(name));
    for (const [text, size, overlap, expected] of cases) {
      if (expected[0]![0].length === 0) continue;
      const made = await pieces(text, size, overlap, bos, tokenizer);
      const place = `${JSON.stringify(text)}, ${size} with ${overlap}`;
      assert.equal(made.map(({ ids }) => ids), expected.map(([ids]) => ids), place);
      if (overlap > 0) continue;
      assert.is(made.map((piece) => piece.text).join(""), text, place);
      if (LACKING.includes(name)) continue;
      let from = 0;
      for (const [at, [, [start]]] of expected.entries()) {
        // A character that is cut through is of both there, and of the first here; spaces may be of no token there.
        const theirs = Math.max(start, expected[at - 1]?.[1][1] ?? 0);
        assert.is(text.slice(Math.min(from, theirs), Math.max(from, theirs)).trim(), "", `${place}: piece ${at} begins at ${from}, there at ${start}`);
        from += made[at]!.text.length;
      }
    }
  });
}

test.run();
