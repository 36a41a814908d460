/** Without this file names of features could be put beside the wrong ones, or beside none without a word. */
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ofAnother, partOf } from "../../src/ops/names_of.ts";
import { renderValue } from "../../repl/render/value.ts";
import type { Table, Value } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { saeFolder } from "./checkpoints.ts";
import { folder, open, run, type Ran } from "./open.ts";

/** As Neuronpedia exports explanations: every value is text. */
const exported = (...rows: readonly (readonly [index: number, description: string, layer?: string])[]): string =>
  rows.map(([index, description, layer = "7-kjv-res"]) => JSON.stringify({ modelId: "kjv", layer, index: String(index), description, explanationModelName: "somebody", typeName: "oai_token-act-pair" })).join("\n");

const FILES = {
  "np.jsonl": exported([620, "thee and thou"], [1453, "first person"], [620, "old forms of you"]),
  "mixed.jsonl": exported([620, "thee", "7-kjv-res"], [620, "dog", "5-kjv-res"]),
  "own.csv": "feature,label\n620,thee\n1453,\n",
  "own.tsv": "latent\texplanation\n620\tthee\n",
  "own.json": '[\n{"feature":620,"label":"thee"},\n{"feature":3,"label":"x"}\n]\n',
  "layers.csv": "layer,feature,label\n5,3,three of five\n7,3,three of seven\n",
  "words.csv": "feature,label\nabc,x\n",
  "none.csv": "feature,note\n1,x\n",
};

async function ask(query: string, files: Readonly<Record<string, string | Uint8Array>> = FILES, options: Parameters<typeof open>[0] = {}): Promise<Ran> {
  const session = await open({ readFrom: folder(files), ...options });
  const ran = await run(session, query);
  await session.close();
  return ran;
}

function column(value: Value | undefined, name: string): unknown[] {
  const table = value as Table;
  return Array.from({ length: table.rows }, (_, row) => cellAt(columnNamed(table, name), row));
}

test("names come from Neuronpedia's exports and from files of one's own, by their columns", async () => {
  const { values, codes, notices } = await ask(['label "np.jsonl"', 'label "own.csv"', 'label "own.tsv" key latent', 'label "own.json"', 'label from (open "own.csv")'].map((stage) => `similar 620, 1453 k 1 | ${stage}`).join("\n"));
  assert.equal(codes, []);
  assert.equal(values.map((value) => column(value, "label")), [["thee and thou", "first person"], ["thee", null], ["thee", null], ["thee", null], ["thee", null]]);
  assert.equal(notices.map((notice) => notice.split(": ").slice(1).join(": ")), [
    "2 of 2 features have a label", "1 feature has several labels, and the first is taken; with `all` each has a row",
    // The last two are one plan: what is known is not told again.
    ...new Array<string>(3).fill("1 of 2 features has a label"),
  ]);
});

test("exports are read in lines and lists, packed or not, whatever they hold besides; a name of no feature is told and passed over", async () => {
  const rows = [{ modelId: "kjv", layer: "7-kjv-res", index: "0620", description: "thee", embedding: [0.5, 1], scores: [{ value: 1 }] }, { modelId: "kjv", layer: "7-kjv-res", index: "n/a", description: "?", embedding: null, scores: [] }];
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  const files = { "a.jsonl": lines, "b.jsonl.gz": gzipSync(lines), "c.json": JSON.stringify(rows), "d.json.gz": gzipSync(JSON.stringify(rows, null, 2)), "e.csv.gz": gzipSync("index,description\n620,thee\nn/a,?\n") };
  for (const name of Object.keys(files)) {
    const { values, codes, notices } = await ask(`similar 620, 3 k 1 | label ${JSON.stringify(name)}`, files);
    assert.equal(codes, [], name);
    assert.equal(column(values[0], "label"), ["thee", null], name);
    assert.ok(notices.some((notice) => notice.endsWith('1 name is of no feature, which is a whole number: row 2 holds "n/a"')), notices.join("\n"));
  }
  assert.equal(column((await ask('similar 620 k 1 | label from (jsonl "c.json" nested drop)', files)).values[0], "label"), ["thee"]);
  assert.equal((await ask('similar 620 k 1 | label "x.parquet.gz"', files)).codes, ["unknown-format"]);
});

test("all names of a feature are rows of their own where that is asked for", async () => {
  const { values, notices } = await ask('similar 620, 1453 k 1 | label "np.jsonl" all');
  assert.equal(column(values[0], "feature"), [620, 620, 1453]);
  assert.equal(column(values[0], "label"), ["thee and thou", "old forms of you", "first person"]);
  assert.match(notices[1]!, /several labels, each in a row of its own/);
});

test("names of several SAEs are not mixed", async () => {
  const mixed = await ask('similar 620 | label "mixed.jsonl"');
  assert.equal(mixed.codes, ["wrong-argument"]);
  const help = mixed.outcome.diagnostics[0]!.help!;
  const { values, codes } = await ask(`similar 620 k 1 | ${help}`);
  assert.equal(codes, []);
  assert.equal(column(values[0], "label"), ["thee"]);
  // From a table nobody sees it before it is read.
  assert.equal((await ask('similar 620 | label from (jsonl "mixed.jsonl" types {index: int})')).codes, ["wrong-argument"]);
});

test("an export of one layer is not taken for another that is asked for", async () => {
  assert.equal((await ask('similar 620 | label "np.jsonl" layer 7')).codes, []);
  const other = await ask('similar 620 | label "np.jsonl" layer 5');
  assert.equal(other.codes, ["wrong-argument"]);
  assert.is(other.outcome.diagnostics[0]!.message, "`np.jsonl` holds names of layer 7, and none of layer 5");
});

test("an export of another SAE than the one that the features are of is refused, from a file and from a table, unless its layer is named", async () => {
  const message = async (query: string, files: Readonly<Record<string, string>>): Promise<string> => {
    const { outcome, values } = await ask(query, files);
    assert.is(values.length, 0, query);
    assert.equal(outcome.diagnostics.map(({ code }) => code), ["wrong-argument"], query);
    return outcome.diagnostics[0]!.message;
  };
  const five = { "np.jsonl": exported([620, "dog", "5-kjv-res"]) };
  assert.is(await message('similar 620 k 1 | label "np.jsonl"', five), "the names in `np.jsonl` are of layer 5 (5-kjv-res), and these features of layer 7");
  assert.is(await message('similar 620 k 1 | label from (jsonl "np.jsonl")', five), "the names are of layer 5 (5-kjv-res), and these features of layer 7");
  assert.is(await message('similar 620 k 1 | label from (jsonl "np.jsonl") layer 4', five), "the names are of layer 5 (5-kjv-res), and these features of layer 4");
  assert.match(await message('similar 620 k 1 | label "np.jsonl"', { "np.jsonl": exported([620, "dog", "7-mlp_32k-oai"]) }), /of 7-mlp_32k-oai, and these features of another part of the block: kjv/);
  const asked = await ask('similar 620 k 1 | label "np.jsonl" layer 5', five);
  assert.equal(column(asked.values[0], "label"), ["dog"]);
  // Nothing says which SAE these are of.
  const rows = await ask('csv "rows.csv" | label "np.jsonl"', { ...five, "rows.csv": "feature\n620\n" });
  assert.equal(column(rows.values[0], "label"), ["dog"]);
});

test("an SAE that has a name at Neuronpedia is held against that name", () => {
  const sae = { name: "a", layer: 20, part: partOf("resid_post"), id: "20-gemmascope-res-16k" };
  assert.is(ofAnother("20-gemmascope-res-16k", [sae]), null);
  assert.is(ofAnother("20-gemmascope-res-65k", [sae]), "of 20-gemmascope-res-65k, and these features of 20-gemmascope-res-16k");
  assert.is(ofAnother("20-gemmascope-res-65k", [{ ...sae, id: null }]), null);
  assert.match(ofAnother("20-gemmascope-att-65k", [{ ...sae, id: null }]) ?? "", /another part/);
  assert.is(ofAnother("20-resid-post-aa", [{ ...sae, id: null }]), null);
  assert.is(ofAnother("20-transcoder-hp", [{ ...sae, id: null, part: null }]), null);
  assert.is(ofAnother("21-x", [sae, { ...sae, layer: 21, id: null }]), null);
  assert.is(ofAnother("no layer", [{ ...sae, id: null }]), null);
});

test("an export of one layer names the features of that layer among those of several", async () => {
  const { values, notices } = await ask('csv "rows.csv" | label "np.jsonl"', { ...FILES, "rows.csv": "layer,feature\n7,620\n5,620\n7,1\n" });
  assert.equal(column(values[0], "label"), ["thee and thou", null, null]);
  assert.ok(notices.some((notice) => notice.endsWith("the names are of layer 7, and 1 feature is of another")), notices.join("\n"));
  assert.ok(notices.some((notice) => notice.endsWith("1 of 3 features has a label")), notices.join("\n"));
});

test("an export that is one object around its rows is read as its rows; rows with lists of their own are not", async () => {
  const row = (index: string): object => ({ modelId: "kjv", layer: "7-kjv-res", index, description: `of ${index}` });
  const files = {
    "whole.json": JSON.stringify({ explanations: [row("620"), row("3")] }),
    "more.json": JSON.stringify({ modelId: "kjv", count: 2, explanations: [row("620")], next: null }, null, 2),
    "own.jsonl": [620, 3].map((index) => JSON.stringify({ index, label: `of ${index}`, explanations: [{ description: "wrong" }] })).join("\n"),
    "sorted.jsonl": `\n${[620, 3].map((index) => JSON.stringify({ a: 1, explanations: [{ description: "wrong" }], index, label: `of ${index}` })).join("\n")}\n`,
    "one.json": JSON.stringify({ modelId: "kjv", explanations: [{ description: "wrong" }], index: 620, label: "of 620" }),
    "laid.json": JSON.stringify([{ modelId: "kjv", explanations: [{ description: "wrong" }], index: 620, label: "of 620" }], null, 2),
  };
  for (const name of Object.keys(files)) assert.equal(column((await ask(`similar 620 k 1 | label ${JSON.stringify(name)}`, files)).values[0], "label"), ["of 620"], name);
  const cut = await ask('similar 620 k 1 | label "cut.json"', { "cut.json": files["more.json"].slice(0, -2) });
  assert.match(cut.outcome.diagnostics[0]!.message, /the object around the list does not end/);
  // Of a file that is larger than what is looked at first, only its end says that it is one row.
  const large = { "large.json": JSON.stringify({ modelId: "kjv", explanations: Array.from({ length: 3000 }, () => ({ index: 3, description: "a list of its own" })), index: 620, label: "of 620" }) };
  const behind = await ask('similar 620 k 1 | label "large.json"', large);
  assert.match(behind.outcome.diagnostics[0]!.message, /the object around the list has `index` behind it, so it is one row/);
  const around = await ask('similar 620 k 1 | label "large.json"', { "large.json": JSON.stringify({ modelId: "kjv", explanations: Array.from({ length: 3000 }, () => row("620")), next: null }) });
  assert.equal(column(around.values[0], "label"), ["of 620"]);
});

test("no feature, and no name, is told", async () => {
  const none = await ask('similar 620 k 1 | where feature < 0 | label "own.csv"');
  assert.ok(none.notices.some((notice) => notice.endsWith("there is no feature to be named")), none.notices.join("\n"));
  assert.match((await ask('similar 620 k 1 | label "none.json"', { "none.json": "[]" })).outcome.diagnostics[0]!.message, /holds no names: no column of it is text or numbers/);
});

test("names by layer go to the layer of a row, to the layer that is named, or to that of the SAE", async () => {
  const five = saeFolder({ hook: "blocks.5.hook_resid_post" });
  const seven = saeFolder({});
  const one = await ask(`set sae ${JSON.stringify(seven)}\nsimilar 3 k 1 | label "layers.csv"\nsimilar 3 k 1 | label "layers.csv" layer 5`);
  assert.equal(one.values.map((value) => column(value, "label")), [["three of seven"], ["three of five"]]);
  const place = { ...FILES, "rows.csv": "layer,feature\n7,3\n5,3\n6,3\n" };
  const rows = await ask('csv "rows.csv" | label "layers.csv"', place);
  assert.equal(column(rows.values[0], "label"), ["three of seven", "three of five", null]);
  const unclear = await ask(`set sae ${JSON.stringify(five)}, ${JSON.stringify(seven)}\ncsv "none.csv" | label "layers.csv"`);
  assert.equal(unclear.codes, ["missing-argument"]);
});

test("features are held against the SAE that they are of, whichever is set when they are named", async () => {
  const [five, seven] = [saeFolder({ hook: "blocks.5.hook_resid_post" }), saeFolder({})].map((path) => JSON.stringify(path)) as [string, string];
  const files = { ...FILES, "five.jsonl": exported([3, "three", "5-kjv-res"]), "seven.jsonl": exported([3, "three", "7-kjv-res"]) };
  const begun = `set sae ${seven}\nlet found = similar 3 k 1\nset sae ${five}\n`;
  const found = await ask(`${begun}found | label "seven.jsonl"\nfound | label "layers.csv"\nsimilar 3 k 1 | label "five.jsonl"`, files);
  assert.equal(found.codes, []);
  assert.equal(found.values.map((value) => column(value, "label")), [["three"], ["three of seven"], ["three"]]);
  for (const [query, message] of [
    ['found | label "five.jsonl"', "the names in `five.jsonl` are of layer 5 (5-kjv-res), and these features of layer 7"],
    ['found | label from (jsonl "five.jsonl")', "the names are of layer 5 (5-kjv-res), and these features of layer 7"],
    ['similar 3 k 1 | label "seven.jsonl"', "the names in `seven.jsonl` are of layer 7 (7-kjv-res), and these features of layer 5"],
  ] as const) assert.is((await ask(begun + query, files)).outcome.diagnostics[0]?.message, message);
});

test("what cannot be read as names is told, with what is there", async () => {
  const told = async (query: string, code: string, message: RegExp): Promise<void> => {
    const { codes, outcome } = await ask(`similar 620 k 1 | ${query}`);
    assert.equal(codes, [code], query);
    const { message: said, notes = [] } = outcome.diagnostics[0]!;
    assert.match([said, ...notes].join("\n"), message, query);
  };
  await told('label "gone.csv"', "missing-file", /no file/);
  await told('label "words.csv"', "type-mismatch", /no name is of a feature, which is a whole number: row 1 holds "abc"/);
  await told('label "none.csv"', "unknown-column", /no column that holds names\n.*feature, note/);
  await told('label "own.tsv"', "unknown-column", /says which feature a name is of\n.*latent, explanation/);
  await told('label "np.jsonl" column text', "unknown-column", /no column `text`/);
});

test("a file of names needs the right to be read, as any other", async () => {
  const denied = await ask('similar 620 k 1 | label "own.csv"', FILES, { grants: { read: [], write: [], net: [] } });
  assert.is(denied.outcome.exitCode, 4, JSON.stringify(denied.codes));
});

test("windows of a feature are shown under its name, with and without a layer", async () => {
  const { values, codes } = await ask('sample perfect 4 | acts layer 7 | contexts 620 k 2 | label "own.csv"');
  assert.equal(codes, []);
  const shown = renderValue(values[0]!, "", { width: 100, color: false, ascii: false, rows: 20 });
  assert.match(shown, /^feature 620 \(thee\): 2 windows/);
  const escaped = await ask('sample perfect 4 | acts layer 7 | contexts 620 k 2 | label "own.csv"', { "own.csv": 'feature,label\n620,"a\u001b[31mb"\n' });
  assert.not.ok(renderValue(escaped.values[0]!, "", { width: 100, color: false, ascii: false, rows: 20 }).includes("\u001b"));
});

test.run();
