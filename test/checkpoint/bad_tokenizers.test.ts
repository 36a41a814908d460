/** Without this file a tokenizer.json could keep saeq busy for ever, fill its memory, or give ids that the model has no row for. Names follow the list of bad inputs. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { forRows, readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-tokenizers-"));
test.after(() => rmSync(folder, { recursive: true }));
const fixtures = join(import.meta.dirname, "../parity/tokenizers");

type Value = Record<string, unknown>;

/** A fixture with one of its files changed; null takes the file away. */
function changed(name: string, file: string, change: ((value: Value) => void) | string | null): string {
  const path = mkdtempSync(join(folder, "case-"));
  cpSync(join(fixtures, name), path, { recursive: true });
  if (change === null) rmSync(join(path, file));
  else if (typeof change === "string") writeFileSync(join(path, file), change);
  else {
    const value = JSON.parse(readFileSync(join(path, file), "utf8")) as Value;
    change(value);
    writeFileSync(join(path, file), JSON.stringify(value));
  }
  return path;
}

async function failure(work: Promise<unknown>): Promise<CheckpointError> {
  const error = await work.then(() => null, (cause: unknown) => cause);
  assert.instance(error, CheckpointError, String(error));
  return error as CheckpointError;
}

const cases: readonly (readonly [string, string, ((value: Value) => void) | string | null, string, RegExp])[] = [
  ["no tokenizer.json", "tokenizer.json", null, "missing-file", /tokenizer\.json is missing/],
  ["an empty file", "tokenizer.json", "", "invalid-json", /tokenizer\.json/],
  ["a key twice", "tokenizer.json", '{"model":{},"model":{}}', "duplicate-key", /model/],
  ["nesting of 10^5", "tokenizer.json", `{"model":${"[".repeat(100_000)}`, "invalid-json", /nests deeper than 64/],
  ["a config that is an array", "tokenizer_config.json", "[]", "invalid-json", /tokenizer_config\.json/],
  ["an unknown model", "tokenizer.json", (value) => void ((value["model"] as Value)["type"] = "Hieroglyphs"), "unsupported-tokenizer", /cannot be used/],
  ["an id past every vocabulary", "tokenizer.json", (value) => void ((value["added_tokens"] as Value[])[0]!["id"] = 4_294_967_294), "unsupported-tokenizer", /"<\|begin_of_text\|>" has the id 4294967294/],
  ["an id that is no whole number", "tokenizer.json", (value) => void (((value["model"] as Value)["vocab"] as Value)["n"] = 1.5), "unsupported-tokenizer", /"n" has the id 1\.5/],
  ["a token without an id", "tokenizer.json", (value) => void delete (value["added_tokens"] as Value[])[1]!["id"], "unsupported-tokenizer", /has the id null/],
  ["a pattern that is neither text nor rule", "tokenizer.json", (value) => void (value["pre_tokenizer"] = { type: "Split", pattern: { Glob: "*" }, behavior: "Isolated", invert: false }), "unsupported-tokenizer", /looks for \{"Glob":"\*"\}/],
  ["an unknown step before the model", "tokenizer.json", (value) => void (value["pre_tokenizer"] = { type: "Hieroglyphs" }), "unsupported-tokenizer", /cannot be used/],
  ["joins left out by chance", "tokenizer.json", (value) => void ((value["model"] as Value)["dropout"] = 0.1), "unsupported-tokenizer", /has the dropout 0\.1/],
  ["a join of what is no token", "tokenizer.json", (value) => void ((value["model"] as Value)["merges"] as string[][]).push(["the", "<nowhere>"]), "unsupported-tokenizer", /"<nowhere>" is no token/],
  ["a step that is not known", "tokenizer.json", (value) => void (value["normalizer"] = { type: "Hieroglyphs" }), "unsupported-tokenizer", /its normalizer is "Hieroglyphs"/],
  ["a rule that is no regular expression", "tokenizer.json", (value) => void (value["pre_tokenizer"] = { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated", invert: false }), "unsupported-tokenizer", /cannot be used/],
  ["a post-processor that shows at the first text", "tokenizer.json", (value) => void (value["post_processor"] = { type: "TemplateProcessing" }), "unsupported-tokenizer", /cannot be used/],
];

for (const [name, file, change, code, says] of cases) {
  test(`a tokenizer with ${name} is ${code}`, async () => {
    const error = await failure(readTokenizer(changed("llama3", file, change)));
    assert.is(error.code, code, error.message);
    assert.match(error.message, says);
  });
}

test("a tokenizer.json of 200 MB is refused before it is read", async () => {
  const path = changed("gpt2", "tokenizer.json", "{}");
  truncateSync(join(path, "tokenizer.json"), 200 * 2 ** 20);
  const before = process.memoryUsage().rss;
  assert.match((await failure(readTokenizer(path))).message, /209715200 bytes; at most 67108864 are read/);
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

const HARMLESS = "\\w+|[^\\w\\s]+|\\s+";
const ENDLESS = "^(\\w+\\s?)*$";
const split = (pattern: string) => (value: Value): void => void (value["pre_tokenizer"] = { type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false }] });

test("a catastrophic rule in the pre_tokenizer ends, is named with its place, and the tokenizer goes on", async () => {
  const tokenizer = await readTokenizer(changed("llama3", "tokenizer.json", split(ENDLESS)), { text: 60, character: 0 });
  for (const text of [`${"a".repeat(40)}!`, `${"word ".repeat(30)}!`]) {
    try {
      tokenizer.encode(text, { bos: false });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, CheckpointError);
      const { code, message, notes } = error as CheckpointError;
      assert.is(code, "unsupported-tokenizer");
      assert.match(message, `a text of ${text.length} characters`);
      assert.is(notes[0], `pre_tokenizer.pretokenizers[0].pattern: /${ENDLESS}/`);
    }
  }
  assert.ok(tokenizer.encode("the", { bos: false }).length > 0);
});

test("a catastrophic rule in the normalizer ends as well", async () => {
  const path = changed("llama3", "tokenizer.json", (value) => void (value["normalizer"] = { type: "Replace", pattern: { Regex: "(a+)+b" }, content: "c" }));
  const tokenizer = await readTokenizer(path, { text: 60, character: 0 });
  assert.throws(() => tokenizer.encode("a".repeat(64), { bos: false }), (error: CheckpointError) => error.code === "unsupported-tokenizer" && /^normalizer\.pattern: /.test(error.notes[0]!));
});

test("a rule that is not known, and harmless, takes texts apart as it says, long ones too", async () => {
  const tokenizer = await readTokenizer(changed("llama3", "tokenizer.json", split(HARMLESS)));
  const text = "the lazy dog, ".repeat(2000);
  const ids = tokenizer.encode(text, { bos: true });
  assert.is(ids[0], tokenizer.bosId);
  assert.ok(ids.length > 2000);
});

test("ids past the embedding are an error with both numbers", async () => {
  const tokenizer = await readTokenizer(join(fixtures, "llama3"));
  forRows(tokenizer, tokenizer.size, "m");
  assert.throws(() => forRows(tokenizer, tokenizer.size - 1, "m"), (error: CheckpointError) => error.code === "vocabulary-mismatch" && error.message.includes(`up to ${tokenizer.size - 1}`) && error.message.includes(`${tokenizer.size - 1} rows`));
  const far = await readTokenizer(changed("llama3", "tokenizer.json", (value) => void (((value["model"] as Value)["vocab"] as Value)["<far>"] = 4_000_000)));
  assert.is(far.size, 4_000_001);
  assert.is(far.piece(3_999_999), "<3999999>");
});

test("a BOS that the config names and the vocabulary has not is none; asked for, it is an error", async () => {
  const tokenizer = await readTokenizer(changed("llama3", "tokenizer_config.json", (value) => void (value["bos_token"] = "<nowhere>")));
  assert.is(tokenizer.bosId, null);
  assert.throws(() => tokenizer.encode("the", { bos: true }), (error: CheckpointError) => error.code === "no-bos-token");
});

test("a BOS policy that contradicts itself is said, with the line for the other", async () => {
  const { notes } = await readTokenizer(join(fixtures, "llama3_disagreeing"));
  assert.match(notes[0]!, /set bos (true|false)/);
});

test("auto_map, trust_remote_code and paths in a tokenizer's config are never looked at", async () => {
  const path = changed("llama3", "tokenizer_config.json", (value) => void Object.assign(value, { auto_map: { AutoTokenizer: ["evil.Tokenizer", null] }, trust_remote_code: true, tokenizer_file: "../../.ssh/id_rsa", name_or_path: "../.." }));
  const plain = await readTokenizer(join(fixtures, "llama3"));
  assert.equal([...(await readTokenizer(path)).encode("the lazy dog", { bos: true })], [...plain.encode("the lazy dog", { bos: true })]);
});

test.run();
