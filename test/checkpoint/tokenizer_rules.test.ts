/** Without this file a rule of a tokenizer.json could do what JavaScript does and not what Hugging Face tokenizers does, and tokens that other files name be letters. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { JsonObject } from "../../runtime/checkpoint/strict_json.ts";
import { forRows, readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { TextTokenizer } from "../../runtime/checkpoint/tokenizer/text_tokenizer.ts";

const parity = join(import.meta.dirname, "../parity");
const read = <T>(name: string): readonly T[] => JSON.parse(readFileSync(join(parity, name), "utf8")) as readonly T[];

interface Rule {
  readonly name: string;
  readonly tokenizer: JsonObject;
  readonly rows: readonly (readonly [string, readonly number[], string])[];
}

for (const { name, tokenizer, rows } of read<Rule>("tokenizer_rules.json")) {
  test(`${name}: ids and texts are those of Hugging Face tokenizers`, () => {
    const made = new TextTokenizer(tokenizer, { config: {}, specialTokensMap: {}, addedTokens: {}, model: {} });
    for (const [text, ids, decoded] of rows) {
      assert.equal([...made.encode(text)], ids, JSON.stringify(text));
      assert.is(made.decode(ids), decoded, JSON.stringify(ids));
    }
  });
}

interface Folder {
  readonly name: string;
  readonly files: Readonly<Record<string, JsonObject>>;
  readonly bos: number | null;
  readonly special: readonly number[];
  readonly rows: readonly (readonly [string, readonly number[], readonly number[]])[];
}

const folders = read<Folder>("tokenizer_names.json");
const root = mkdtempSync(join(tmpdir(), "saeq-names-"));
test.after(() => rmSync(root, { recursive: true }));

function written({ files }: Folder): string {
  const path = mkdtempSync(join(root, "case-"));
  for (const [file, value] of Object.entries(files)) writeFileSync(join(path, file), JSON.stringify(value));
  return path;
}

for (const each of folders) {
  test(`${each.name}: ids are those of AutoTokenizer`, async () => {
    const tokenizer = await readTokenizer(written(each));
    const inFiles = each.bos === null || each.bos < tokenizer.size;
    assert.is(tokenizer.bosId, inFiles ? each.bos : null);
    assert.equal([...tokenizer.specialIds].sort((a, b) => a - b), [...new Set([...each.special, ...(tokenizer.eosId === null ? [] : [tokenizer.eosId])])].sort((a, b) => a - b));
    for (const [text, whole, ids] of each.rows) {
      assert.equal([...tokenizer.encode(text, { bos: false })], ids, JSON.stringify(text));
      assert.equal([...tokenizer.encode(text, { bos: tokenizer.prependsBos })], whole, JSON.stringify(text));
    }
    assert.equal(tokenizer.notes, []);
  });
}

test("a token beyond the vocabulary asks for no row of the model until a text spells it", async () => {
  const read = await readTokenizer(written(folders[1]!));
  const tokenizer = forRows(read, read.size, "m");
  assert.ok(tokenizer.encode("the sea", { bos: false }).length > 0);
  assert.throws(() => tokenizer.encode("the<pad>", { bos: false }), (error: Error & { readonly code: string }) => error.code === "vocabulary-mismatch" && new RegExp(`spells "<pad>".*with the id ${read.size}; the embedding of \`m\` has ${read.size} rows`).test(error.message));
});

test.run();
