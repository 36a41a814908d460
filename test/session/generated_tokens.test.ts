/** Without this file activations of a continuation could be of other tokens than the model has generated. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { decodeValue, encodeValue } from "../../runtime/cache/value_bytes.ts";
import type { LoadedModel } from "../../runtime/catalog/catalog.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { joinTables } from "../../runtime/data/join.ts";
import { cellAt, columnNamed, concatTables, createColumn, createTable, renamed, rowsBetween, takeRows } from "../../runtime/data/table.ts";
import { recutTokens, writtenColumn } from "../../runtime/passes/continuing.ts";
import { tokenizeTable } from "../../runtime/passes/documents.ts";
import { createTurns } from "../../runtime/turns.ts";
import { generator } from "../kernels/seeded.ts";
import { modelFolder } from "./checkpoints.ts";
import { folder, open, run } from "./open.ts";

/** Words put together as nobody writes them: where a prefix ends inside one, what is generated joins it. */
function oddTexts(): string {
  const random = generator(3);
  const parts = ["In", " the", " beg", "inning", "God", "creat", "ed", " hea", "ven", "and", "Mo", "ses", "x", "T", "'", "- ", "sp", "ake"];
  const rows = Array.from({ length: 120 }, () => JSON.stringify({ text: Array.from({ length: 14 }, () => parts[Math.floor(random() * parts.length)]).join("") }));
  const path = join(folder(), "odd.jsonl");
  writeFileSync(path, `${rows.join("\n")}\n`);
  return path;
}

test("`memorize | acts of continuation` reads the tokens that were generated, through rows and columns; from a file the text is read, and that is said", async () => {
  const odd = oddTexts();
  const session = await open();
  const made = `jsonl "${odd}" | memorize prefix 3 continue 3`;
  const tokens = async (query: string): Promise<{ readonly ids: readonly (readonly number[])[]; readonly boundary: readonly number[]; readonly notices: readonly string[] }> => {
    const { values, outcome, notices } = await run(session, query);
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    const [value] = values;
    if (value?.kind !== "tokens") throw new Error(`no tokens but ${value?.kind}`);
    return { ids: value.ids.map((ids) => [...ids]), boundary: value.boundary ?? [], notices };
  };
  const all = await tokens(`${made} | tokenize`);
  assert.match(all.notices.join(), /are cut into other tokens than were generated; acts reads the generated ones/);
  // Three tokens given and three generated, behind BOS where there is one.
  const start = all.ids[0]!.length - 6;
  for (const [at, ids] of all.ids.entries()) assert.equal([ids.length, all.boundary[at]], [start + 6, start + 3]);
  const some = await tokens(`${made} | where matching_tokens < 3 | select input_text, generated_continuation_text | take 40 | tokenize`);
  for (const ids of some.ids) assert.is(ids.length, start + 6);
  const { values } = await run(session, `${made}`);
  const table = values[0]?.kind === "table" ? values[0] : null;
  const again = join(folder(), "again.jsonl");
  writeFileSync(again, Array.from({ length: table!.rows }, (_, row) => JSON.stringify({ input_text: cellAt(columnNamed(table!, "input_text"), row), generated_continuation_text: cellAt(columnNamed(table!, "generated_continuation_text"), row) })).join("\n"));
  const read = await tokens(`jsonl "${again}" | tokenize`);
  const other = read.ids.filter((ids, at) => JSON.stringify(ids) !== JSON.stringify(all.ids[at])).length;
  assert.is(String(other), /: (\d+) of 120 texts/.exec(all.notices.join())?.[1]);
  await session.close();
});

test("two rows of one text that were drawn in different tokens are each read in their own, wherever the rows go", async () => {
  const tokenizer = await readTokenizer(join(EXAMPLES, "kjv", "model"));
  const facts = { context: 512, ref: { name: "kjv", digest: "that" } };
  const model = { tokenizer, facts } as unknown as LoadedModel;
  const cut = (text: string): Int32Array => tokenizer.encode(text, { bos: false });
  const ways = [[" the"], [" t", "he"], [" t", "h", "e"], [" the"]].map((parts) => Int32Array.from(parts.flatMap((part) => [...cut(part)])));
  const prompt = tokenizer.encode("And", { bos: true });
  const rows = ways.map((generated) => ({ input: "And", continuation: " the", prompt, generated }));
  const told: string[] = [];
  const written = recutTokens({ model: facts.ref, bos: true }, rows, tokenizer.encode, (text) => told.push(text));
  assert.equal(written.map((each) => each?.ids[1] ?? null), [null, ways[1]!, ways[2]!, null]);
  assert.match(told.join(), /^2 of 4 texts/);
  const table = createTable("drawn", [createColumn("sample", "int", [0, 1, 2, 3]), createColumn("input_text", "str", rows.map(({ input }) => input)), writtenColumn(rows.map(({ continuation }) => continuation), written)]);
  const op = { op: "tokenize", model: facts.ref, bos: true, textColumns: ["input_text", "generated_continuation_text"], whenTooLong: "error" } as const;
  const idsOf = async (of: Table, names = op.textColumns, digest = "that"): Promise<readonly (readonly number[])[]> => {
    const tokens = await tokenizeTable({ ...op, model: { ...op.model, digest }, textColumns: names }, of, model, tokenizer.encode, createTurns());
    assert.equal(tokens.boundary, new Array(of.rows).fill(prompt.length));
    return tokens.ids.map((ids) => [...ids]);
  };
  const theirs = (...samples: readonly number[]): readonly (readonly number[])[] => samples.map((at) => [...prompt, ...ways[at]!]);
  assert.equal(await idsOf(table), theirs(0, 1, 2, 3));
  assert.equal(await idsOf(takeRows(table, [2, 0, 1, 1])), theirs(2, 0, 1, 1));
  assert.equal(await idsOf(rowsBetween(table, 1, 3)), theirs(1, 2));
  assert.equal(await idsOf(concatTables([rowsBetween(table, 0, 1), takeRows(table, [2, 1])])), theirs(0, 2, 1));
  assert.equal(await idsOf(decodeValue(encodeValue(table)) as Table), theirs(0, 1, 2, 3));
  assert.equal(await idsOf({ ...table, columns: table.columns.map((column) => (column.name === "input_text" ? renamed(column, "prompt") : column)) }, ["prompt", "generated_continuation_text"] as never), theirs(0, 1, 2, 3));
  const order = createTable("order", [createColumn("sample", "int", [2, 1])]);
  assert.equal(await idsOf(await joinTables(order, table, { on: ["sample"], kind: "inner", suffix: "" }, createTurns())), theirs(2, 1));
  // By another model, and behind another prompt, the text is cut anew.
  assert.equal(await idsOf(table, op.textColumns, "another"), theirs(0, 0, 0, 0));
  const other = { ...table, columns: table.columns.map((column) => (column.name === "input_text" ? createColumn("input_text", "str", ["Or", "Or", "Or", "Or"]) : column)) };
  const anew = await tokenizeTable(op, other, model, tokenizer.encode, createTurns());
  assert.equal(anew.ids.map((ids) => [...ids]), new Array(4).fill([...tokenizer.encode("Or the", { bos: true })]));
});

test("what a kept table was written in is known in the next session too", async () => {
  const cache = { folder: folder(), limit: 2 ** 30 };
  const query = 'set seed 7\nprompts "Nebu" | generate max 2 temperature 1.6 n 40 | cache | tokenize';
  const ids = async (options: Parameters<typeof open>[0]): Promise<readonly string[]> => {
    const session = await open(options);
    const { values, outcome } = await run(session, query);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    const [value] = values;
    return value?.kind === "tokens" ? value.ids.map((each) => each.join()) : [];
  };
  const fresh = await ids({});
  assert.equal(fresh.map((each) => each.split(",").length), new Array(40).fill(fresh[0]!.split(",").length), "each has two tokens more than the prompt");
  assert.equal([await ids({ cache }), await ids({ cache })], [fresh, fresh]);
});

test("continuations that go on behind the end of a text are counted, and one that ends there is not", async () => {
  const model = modelFolder({});
  const ended = async (eos: string | null): Promise<{ readonly notes: readonly string[]; readonly texts: readonly string[] }> => {
    if (eos !== null) writeFileSync(join(model, "tokenizer_config.json"), JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", bos_token: "<|begin_of_text|>", eos_token: eos }));
    const session = await open();
    const { values, notices, outcome } = await run(session, `set model "${model}"\ncsv "${join(EXAMPLES, "kjv", "passages.csv")}" | take 12 | memorize prefix 5 continue 12`);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    const table = values[0]?.kind === "table" ? values[0] : null;
    return { notes: notices.filter((note) => /goe?s? on behind/.test(note)), texts: Array.from({ length: 12 }, (_, row) => String(cellAt(columnNamed(table!, "generated_continuation_text"), row))) };
  };
  const usual = await ended(null);
  assert.equal(usual.notes, []);
  const commas = await ended(",");
  const past = usual.texts.filter((text) => text.trimEnd().slice(0, -1).includes(",")).length;
  assert.ok(past > 2 && past < 12 && usual.texts.some((text) => text.endsWith(",")), String(past));
  assert.match(commas.notes.join(), new RegExp(`${past} of 12 continuations go on behind ",", where`));
});

test.run();
