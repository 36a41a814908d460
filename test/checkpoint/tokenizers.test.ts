/** Without this file the first position of every text could be another one than the model was trained on. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer.ts";

const fixtures = join(import.meta.dirname, "../parity/tokenizers");

for (const name of readdirSync(fixtures)) {
  test(`the tokenizer of ${name} makes the ids that transformers makes, BOS included`, async () => {
    const tokenizer = await readTokenizer(join(fixtures, name));
    const expected = JSON.parse(readFileSync(join(fixtures, name, "expected.json"), "utf8")) as { readonly bos_token_id: number | null; readonly texts: readonly string[]; readonly ids: readonly (readonly number[])[] };
    assert.is(tokenizer.bosId, expected.bos_token_id);
    expected.texts.forEach((text, at) => assert.equal([...tokenizer.encode(text, { bos: tokenizer.prependsBos })], expected.ids[at], JSON.stringify(text)));
    assert.is(tokenizer.notes.length, name === "llama3_disagreeing" ? 1 : 0);
    if (tokenizer.bosId !== null) {
      assert.ok(tokenizer.specialIds.has(tokenizer.bosId), "BOS is masked");
      assert.is(tokenizer.encode("the", { bos: true }).filter((id) => id === tokenizer.bosId).length, 1);
    }
  });
}

test("a tokenizer that names no BOS has none, whatever the model's config says", async () => {
  const tokenizer = await readTokenizer(join(fixtures, "qwen"));
  assert.throws(() => tokenizer.encode("the", { bos: true }), /no `bos_token`/);
});

test.run();
