/** Without this file pieces of long texts could lose their tokens on the way through a script, or depend on how a file is read. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { bits, folder, open, run } from "./open.ts";

/** Cuts fall within words and within characters, so that hardly a piece read by itself has its own tokens. */
const TEXTS = [
  "And God said, Let there be light: and there was light. 日本語 — “naïve” café, unrighteousness!",
  "In the beginning",
  "  righteousness\n\nrighteousness 😀😀 righteousness, and the earth was without form, and void",
];
const files = (): string => folder({ "t.jsonl": `${TEXTS.map((text, id) => JSON.stringify({ id, text, kind: id % 2 === 0 ? "a" : "b" })).join("\n")}\n`, "long.txt": TEXTS.join("\n") });
const tokenizer = await readTokenizer(join(EXAMPLES, "kjv", "model"));
const BOS = tokenizer.bosId!;

/** What pieces of `size` tokens, BOS among them, are: by the definition. */
function windows(text: string, size: number, overlap = 0): readonly (readonly number[])[] {
  const ids = [...tokenizer.encode(text, { bos: false })];
  const made: number[][] = [];
  for (let start = 0; start === 0 || start + overlap < ids.length; start += size - 1 - overlap) made.push([BOS, ...ids.slice(start, start + size - 1)]);
  return made;
}

async function ids(session: Session, query: string): Promise<readonly (readonly number[])[]> {
  const { values, outcome } = await run(session, query);
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const value = values.at(-1);
  if (value?.kind !== "tokens") throw new Error(`no tokens but ${value?.kind}`);
  return value.ids.map((each) => [...each]);
}

async function table(session: Session, query: string): Promise<Table> {
  const { values, outcome } = await run(session, query);
  assert.is(outcome.exitCode, 0, `${query}: ${JSON.stringify(outcome.diagnostics)}`);
  const value = values.at(-1);
  if (value?.kind !== "table") throw new Error(`no table but ${value?.kind}`);
  return value;
}
const column = (from: Table, name: string): unknown[] => Array.from({ length: from.rows }, (_, row) => cellAt(columnNamed(from, name), row));

test("the tokens of a piece go wherever its row goes, as long as the text is that one", async () => {
  const readFrom = files();
  const session = await open({ readFrom, cache: { folder: folder(), limit: 2 ** 30 } });
  const all = TEXTS.flatMap((text) => windows(text, 4));
  const alone = all.filter((each) => JSON.stringify([...tokenizer.encode(tokenizer.decode(each.slice(1)), { bos: true })]) !== JSON.stringify(each)).length;
  assert.ok(alone > 5, `${alone} pieces would be read otherwise by themselves`);
  const made = 'jsonl "t.jsonl" | chunk 4';
  assert.equal(await ids(session, `${made} | tokenize`), all);
  assert.equal(await ids(session, `${made} | sort document desc, chunk desc | tokenize`), all.toReversed());
  assert.equal(await ids(session, `${made} | where chunk % 2 == 1 | select text | tokenize`), TEXTS.flatMap((text) => windows(text, 4).filter((_, at) => at % 2 === 1)));
  assert.equal(await ids(session, `${made} | rename passage = text | derive n = len(passage) | text passage | tokenize`), all);
  assert.equal(await ids(session, `${made} | sample 1000 | tokenize`), all);
  assert.equal(await ids(session, `concat (${made} | where document == 2), (${made} | where document == 0) | tokenize`), [...windows(TEXTS[2]!, 4), ...windows(TEXTS[0]!, 4)]);
  assert.equal(await ids(session, `prompts "x" | derive document = 2 | select document | join (${made}) on document | tokenize`), windows(TEXTS[2]!, 4));
  assert.equal(await ids(session, `set cache disk\n${made} | cache | tokenize`), all);
  assert.equal(await ids(await open({ readFrom }), `${made} | group kind | ungroup | tokenize`), [...windows(TEXTS[0]!, 4), ...windows(TEXTS[2]!, 4), ...windows(TEXTS[1]!, 4)]);
  // Pieces of pieces are pieces of the whole.
  const halves = all.flatMap(([, ...own]) => own.flatMap((_, at) => (at % 2 === 0 ? [[BOS, ...own.slice(at, at + 2)]] : [])));
  assert.equal(await ids(session, `${made} | drop document, chunk, start | chunk 3 | tokenize`), halves);
  assert.equal(await ids(session, `${made} | drop document, chunk, start | chunk 8 | tokenize`), all);
  // Another text, and one that was written down, is read as it stands.
  const other = await ids(session, `${made} | text text + "!" | tokenize`);
  assert.equal(other, column(await table(session, made), "text").map((text) => [...tokenizer.encode(`${String(text)}!`, { bos: true })]));
  await run(session, `${made} | save "pieces.jsonl"`);
  assert.equal(await ids(session, 'jsonl "pieces.jsonl" | tokenize'), column(await table(session, made), "text").map((text) => [...tokenizer.encode(String(text), { bos: true })]));
  await session.close();
});

test("a kept table gives another session the same tokens", async () => {
  const cache = { folder: folder(), limit: 2 ** 30 };
  const readFrom = files();
  for (const _ of [1, 2]) {
    const session = await open({ readFrom, cache });
    assert.equal(await ids(session, 'set cache disk\njsonl "t.jsonl" | chunk 3 | cache | tokenize'), TEXTS.flatMap((text) => windows(text, 3)));
    await session.close();
  }
});

test("columns say where a piece is from, texts put behind one another are the whole, and other columns stay", async () => {
  const session = await open({ readFrom: files() });
  const pieces = await table(session, 'jsonl "t.jsonl" | rename body = text | chunk 5 of body');
  assert.equal(pieces.columns.map(({ name }) => name), ["id", "kind", "document", "chunk", "start", "text"]);
  assert.equal(column(pieces, "id"), column(pieces, "document"));
  TEXTS.forEach((text, at) => {
    const own = column(pieces, "document").flatMap((document, row) => (document === at ? [row] : []));
    assert.is(own.map((row) => column(pieces, "text")[row]).join(""), text);
    assert.equal(own.map((row) => [column(pieces, "chunk")[row], column(pieces, "start")[row]]), own.map((_, i) => [i, 4 * i]));
  });
  await session.close();
});

test("overlap, full and max: what is left out is said, and only where nobody asked for fewer", async () => {
  const session = await open({ readFrom: files() });
  assert.equal(await ids(session, 'jsonl "t.jsonl" | chunk 7 overlap 3 | tokenize'), TEXTS.flatMap((text) => windows(text, 7, 3)));
  const full = await run(session, 'jsonl "t.jsonl" | chunk 7 overlap 3 full | tokenize');
  const value = full.values[0];
  assert.equal(value?.kind === "tokens" ? value.ids.map((each) => [...each]) : null, TEXTS.flatMap((text) => windows(text, 7, 3).filter((each) => each.length === 7)));
  // Tokens that are in no piece: by counting places.
  const left = TEXTS.map((text) => tokenizer.encode(text, { bos: false }).length - windows(text, 7, 3).reduce((most, each, at) => (each.length === 7 ? 3 * at + 6 : most), 0));
  const none = TEXTS.filter((text) => windows(text, 7, 3)[0]!.length < 7).length;
  assert.is(none, 1);
  assert.is(full.notices.find((each) => each.includes("left out")), `chunk 7 overlap 3 full: ${left.reduce((a, b) => a + b)} tokens that fill no piece were left out, and 1 of 3 texts has no piece`);
  const most = await run(session, 'jsonl "t.jsonl" | chunk 7 max 2 | select document, chunk');
  assert.equal(most.notices, []);
  assert.equal(column(most.values[0] as Table, "chunk"), [0, 1, 0, 0, 1]);
  await session.close();
});

test("the first pieces of a text that is read no further than they need are those of the whole", async () => {
  const long = TEXTS.join(" ").repeat(1 + Math.ceil((1 << 18) / TEXTS.join(" ").length));
  const session = await open({ readFrom: folder({ "long.jsonl": `${JSON.stringify({ text: long })}\n` }) });
  const whole = await ids(session, 'jsonl "long.jsonl" | chunk 500 | tokenize');
  // Ids come some 10,000 at a time, which is in the middle of the twenty-first.
  for (const most of [1, 20, 21, 22]) assert.equal(await ids(session, `jsonl "long.jsonl" | chunk 500 max ${most} | tokenize`), whole.slice(0, most));
  await session.close();
});

test("what follows the tokens of a piece is what follows them in the whole text", async () => {
  const session = await open({ readFrom: files() });
  // The seventh cut falls within a character.
  for (const size of [4, 17, 19, 20]) {
    const first = await table(session, `jsonl "t.jsonl" | take 1 | chunk ${size} max 1 | logits top 3`);
    const whole = await table(session, `jsonl "t.jsonl" | take 1 | logits top 3 at all | where position == ${size}`);
    assert.equal(column(first, "token_id"), column(whole, "token_id"), `size ${size}`);
    const written = await table(session, `jsonl "t.jsonl" | take 1 | chunk ${size} max 1 | generate max 2`);
    const likeliest = column(whole, "token_id")[0] as number;
    assert.is(String(column(written, "generated_continuation_text")[0]).startsWith(tokenizer.decode([likeliest])), true);
    const own = tokenizer.encode(TEXTS[0]!, { bos: false });
    assert.equal((await ids(session, `jsonl "t.jsonl" | take 1 | chunk ${size} max 1 | generate max 2 | tokenize`))[0]!.slice(0, size), [BOS, ...own.slice(0, size - 1)]);
    const recalled = await table(session, `jsonl "t.jsonl" | take 1 | chunk ${size} max 1 | memorize prefix ${size - 2} continue 1`);
    assert.is(column(recalled, "true_continuation_text")[0], tokenizer.decode([own[size - 2]!]));
  }
  await session.close();
});

test("pieces do not depend on whether rows stream, nor on what is kept", async () => {
  const readFrom = folder({ "many.csv": `id,text\n${Array.from({ length: 3000 }, (_, i) => `${i},"${TEXTS[i % 3]} ${i}"`).join("\n")}\n` });
  for (const query of ['csv "many.csv" | chunk 9 overlap 2 | where chunk == 1', 'csv "many.csv" | sample 50 | chunk 6', 'csv "many.csv" | chunk 6 full | sample 50', 'csv "many.csv" | chunk 8 | skip 7 | take 100', 'csv "many.csv" | chunk 8 | take 40 | acts layer 7 | rows 769']) {
    const [held, flowing] = [await open({ readFrom }), await open({ readFrom, streamBytes: 1000 })];
    const [a, b] = [await run(held, query), await run(flowing, query)];
    assert.is(bits(b.values), bits(a.values), query);
    assert.equal(b.notices, a.notices, query);
    await held.close();
    await flowing.close();
  }
});

test("a text that is absent, empty or too long is told with its row, streamed or not", async () => {
  const readFrom = folder({ "t.csv": 'id,text\n1,one\n2,\n3,"two"\n', "empty.jsonl": '{"text":"a"}\n{"text":""}\n', "long.jsonl": `{"prompt":"a","n":1}\n{"prompt":"${"word ".repeat(600)}","n":2}\n` });
  for (const streamBytes of [2 ** 30, 1]) {
    const session = await open({ readFrom, streamBytes });
    const told = async (query: string): Promise<string> => (await run(session, query)).outcome.diagnostics.map(({ code, message, help }) => `${code}: ${message}; ${help}`).join();
    assert.is(await told('csv "t.csv" | chunk 8'), "missing-text: row 2 has no `text`; … | where not is_null(text) | …");
    assert.is(await told('set bos false\njsonl "empty.jsonl" | chunk 8'), "missing-text: row 2 is empty, and the model needs at least one token; … | where len(text) > 0 | …");
    assert.equal(await ids(session, 'set bos true\njsonl "empty.jsonl" | chunk 8 | tokenize'), [[BOS, ...tokenizer.encode("a", { bos: false })], [BOS]]);
    assert.match(await told('jsonl "long.jsonl" | acts layer 7'), /^text-too-long: the text of row 2 has \d+ tokens.*; … \| chunk 512 of prompt \| …$/);
    assert.is(await told('jsonl "long.jsonl" | chunk 512 of prompt | logits top 1'), "");
    await session.close();
  }
});

test("pieces of one text are no units of a test, and one of each is", async () => {
  const session = await open();
  const codes = async (stages: string): Promise<readonly string[]> => (await session.check({ name: "t", text: `groups a = (sample perfect 4 | text input_text), b = (sample non_perfect 4 | text input_text) | ${stages} | acts layer 7 | compare` })).diagnostics.map(({ code }) => code);
  assert.equal(await codes("chunk 16"), ["dependent-texts"]);
  assert.equal(await codes("chunk 16 | where chunk > 0 | sample 8"), ["dependent-texts"]);
  assert.equal(await codes("chunk 16 max 1"), []);
  assert.equal(await codes("chunk 16 | where chunk > 0 | distinct document"), []);
  await session.close();
});

test.run();
