/** Without this file activations of a continuation could be of other tokens than the model has generated. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
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
