/** Without this file `rows` could give other activations than those that figures are counted over and that `save` writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import { cellAt } from "../../runtime/data/table.ts";
import type { Cell, Table, Tokens, Value } from "../../runtime/data/frame.ts";
import { requireFew, rowsTable } from "../../runtime/figures/rows.ts";
import { folder, open, run } from "./open.ts";

const one = "sample perfect 3 | acts layer 7 last 20";

async function values(text: string, settings: Readonly<Record<string, string>> = {}): Promise<readonly Value[]> {
  const session = await open({ settings: { seed: "42", ...settings } });
  const { values: made, outcome } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  return made;
}

const records = (value: Value): readonly Readonly<Record<string, Cell>>[] => {
  const { columns, rows } = value as Table;
  return Array.from({ length: rows }, (_, row) => Object.fromEntries(columns.map((column) => [column.name, cellAt(column, row)])));
};

test("all rows are what is saved of tokens that count, and those of special tokens are marked", async () => {
  const writeTo = folder();
  const session = await open({ readFrom: writeTo, writeTo });
  const { values: made, outcome, events } = await run(session, 'sample perfect 3 | acts layer 7 | save "acts.csv" | rows\nsample perfect 3 | acts layer 7 | rows special\nsample perfect 3 | acts layer 7 | count');
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const [header, ...lines] = readFileSync(join(writeTo, "acts.csv"), "utf8").trim().split("\n");
  assert.is(header, "row,position,token_id,token,special,feature,value");
  // No token of these texts has a comma or a quote in it.
  const saved = lines.map((line) => line.split(",")).filter((cells) => cells.length === 7);
  const [rows, all, counted] = made.map(records) as [ReturnType<typeof records>, ReturnType<typeof records>, ReturnType<typeof records>];
  assert.is(all.length, lines.length);
  assert.is(rows.length, counted[0]!["active"]);
  assert.equal(all.filter((each) => each["special"] === true).map((each) => each["position"]), new Array(all.length - rows.length).fill(0));
  assert.equal(all.filter((each) => each["special"] === false).map(({ special: _, ...rest }) => rest), rows.map((each) => ({ ...each })));
  const plain = all.filter((each) => !/[",\n]/.test(String(each["token"])));
  assert.equal(saved.map((cells) => [cells[0], cells[1], cells[4], cells[5], Number(cells[6])]), plain.map((each) => [String(each["row"]), String(each["position"]), String(each["special"]), String(each["feature"]), each["value"]]));
  assert.ok(events.some((event) => event.kind === "saved" && /3 special tokens in it, marked in the column special$/.test(event.detail)), JSON.stringify(events.filter(({ kind }) => kind === "saved")));
});

test("rows of named features are those among all, screened or dense, with groups and several layers", async () => {
  const [all, some] = await values(`${one} | rows\n${one} | rows 769, 12`);
  const wanted = records(all!).filter((each) => each["feature"] === 769 || each["feature"] === 12);
  assert.ok(wanted.length > 5);
  assert.equal(records(some!), wanted);
  assert.equal((await values(`${one} | rows 769, 12`, { encode: "screened" })).map(records), [wanted]);
  const groups = "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 last 20";
  const [parted, count] = await values(`${groups} | rows 769 | count\n${groups} | rows | where feature == 769 | count`);
  assert.equal(records(parted!), records(count!));
});

test("rows of named features are computed from their own columns, and are active above the threshold that is set", async () => {
  const [text, counted, top] = await values(`${one} | rows 769, 12 | explain\nset threshold 2\n${one} | rows 769 | count\n${one} | top 1536 | where feature == 769`);
  assert.match((text as Value & { readonly kind: "text" }).text, /, only 12, 769; /);
  assert.is(records(counted!)[0]!["count"], records(top!)[0]!["count"]);
  assert.ok((records(counted!)[0]!["count"] as number) > 3);
});

test("a group's key that is called like a column of rows is refused, and cancelling is heard between pieces", async () => {
  const session = await open();
  const keyed = "perfect | take 2 | derive position = 1 | group position | acts layer 7 last 1";
  for (const query of [`${keyed} | rows`, "perfect | take 2 | derive token = 1 | group token | acts layer 7 last 1 | contexts 769"]) assert.equal((await run(session, query)).codes, ["name-taken"], query);
  await session.close();
  const tokens: Tokens = { kind: "tokens", table: { kind: "table", rows: 1, columns: [], origin: "t" }, model: "m", ids: [new Int32Array(300_000).fill(5)], boundary: null, special: new Set([7]), piece: String, pieces: (ids) => Array.from(ids, String), truncated: 0, source: "text" };
  let turns = 0;
  const watched = { due: () => false, pass: async () => {}, between: () => (turns++, null) };
  assert.is((await rowsTable(tokens, { op: "rows", features: null, special: false, threshold: 0 }, watched)).rows, 300_000);
  assert.ok(turns > 3, `${turns} turns`);
  const stopped = { ...watched, between: () => Promise.reject(new DOMException("stopped", "AbortError")) };
  await rowsTable(tokens, { op: "rows", features: null, special: false, threshold: 0 }, stopped).then(() => assert.unreachable("it was cancelled"), (error: Error) => assert.is(error.name, "AbortError"));
});

test("rows that would not fit are refused before they are made", () => {
  requireFew(14_285_714, 7, "acts");
  assert.throws(() => requireFew(14_285_715, 7, "acts"), (error: unknown) => error instanceof DataError && error.code === "too-many-rows" && /^these would be 14,285,715 rows of 7 columns, and 14,285,714 at most/.test(error.message));
});

test("rows of tokens are the tokens of the texts", async () => {
  const [tokens] = await values('prompts "In the beginning", "And God" | tokenize | rows');
  assert.equal(records(tokens!).map((each) => `${each["row"]} ${each["position"]} ${each["token"]}`), ["0 1 I", "0 2 n", "0 3  the", "0 4  beginning", "1 1 And", "1 2  God"]);
});

test("a feature that the SAE has not, and features of tokens, are told where they stand", async () => {
  const session = await open();
  for (const [query, code] of [[`${one} | rows 1536`, "out-of-range"], ["sample perfect 2 | tokenize | rows 5", "wrong-input"], ["sample perfect 2 | rows", "wrong-input"], [`${one} | top 3 | rows`, "wrong-input"]] as const) assert.equal((await run(session, query)).codes, [code], query);
  await session.close();
});

test.run();
