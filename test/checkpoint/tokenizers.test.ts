/** Without this file the first position of every text could be another one than the model was trained on. */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";

const fixtures = join(import.meta.dirname, "../parity/tokenizers");

/** What transformers 5 does otherwise than a file says; the others are as it has them. */
const TOLD: Readonly<Record<string, RegExp>> = {
  llama3_disagreeing: /`set bos/,
  llama2: /its normalizer and pre_tokenizer are followed, as transformers 4 does; transformers 5 builds a LlamaTokenizer with others of its own/,
  pythia: /its normalizer is followed, as transformers 4 does; transformers 5 builds a GPTNeoXTokenizer with another of its own/,
  qwen: /its normalizer and pre_tokenizer are followed.*a Qwen2Tokenizer with others/,
};

for (const name of readdirSync(fixtures)) {
  test(`the tokenizer of ${name} makes the ids that transformers makes, BOS included`, async () => {
    const tokenizer = await readTokenizer(join(fixtures, name));
    const expected = JSON.parse(readFileSync(join(fixtures, name, "expected.json"), "utf8")) as { readonly bos_token_id: number | null; readonly texts: readonly string[]; readonly ids: readonly (readonly number[])[]; readonly decoded?: readonly (readonly [readonly number[], string])[] };
    for (const [ids, text] of expected.decoded ?? []) assert.is(tokenizer.decode(ids), text, ids.join());
    assert.is(tokenizer.bosId, expected.bos_token_id);
    expected.texts.forEach((text, at) => assert.equal([...tokenizer.encode(text, { bos: tokenizer.prependsBos })], expected.ids[at], JSON.stringify(text)));
    const told = TOLD[name];
    assert.is(tokenizer.notes.length, told === undefined ? 0 : 1, tokenizer.notes.join());
    if (told !== undefined) assert.match(tokenizer.notes[0]!, told);
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

test("a character that several tokens spell is shown whole, and nothing of it where a part is away", async () => {
  const tokenizer = await readTokenizer(join(fixtures, "gpt2_spaces"));
  const text = "the 日本 😀 x";
  const ids = tokenizer.encode(text, { bos: false });
  const pieces = tokenizer.pieces(ids);
  assert.is(pieces.length, ids.length);
  assert.is(pieces.join(""), text);
  const cut = ids.findIndex((_, at) => tokenizer.decode([ids[at]!]).includes("\ufffd"));
  assert.ok(cut >= 0, "some character has several tokens");
  assert.is(tokenizer.pieces(ids.subarray(cut, cut + 1))[0], tokenizer.piece(ids[cut]!));
  assert.ok(!tokenizer.pieces(ids.subarray(cut + 1)).join("").includes("\ufffd"));
});

test("tokens that a tokenizer would put around a text are left out, and that is told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-around-"));
  try {
    cpSync(join(fixtures, "pieces"), folder, { recursive: true });
    const file = join(folder, "tokenizer.json");
    const value = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const token = (id: string, at: number): object => ({ id, ids: [at], tokens: [id] });
    value["post_processor"] = { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }], pair: [], special_tokens: { "<s>": token("<s>", 1), "</s>": token("</s>", 2) } };
    writeFileSync(file, JSON.stringify(value));
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ bos_token: "<s>", remove_space: true }));
    const tokenizer = await readTokenizer(folder);
    assert.match(tokenizer.notes.join(), /puts <\/s> around a text/);
    assert.is(tokenizer.encode("the", { bos: tokenizer.prependsBos })[0], 1);
    const { texts, ids } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { readonly texts: readonly string[]; readonly ids: readonly (readonly number[])[] };
    texts.forEach((text, at) => assert.equal([...tokenizer.encode(text, { bos: false })], ids[at], "`remove_space` is of tokenizers written in Python"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
