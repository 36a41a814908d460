/** Without this file a feature could be taken out of texts that it never fires on, and nobody would be told; or be told so by one cache and not by another. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";

const P = "sample perfect 4";

async function ask(text: string, options: Parameters<typeof open>[0] = {}): Promise<Ran> {
  const session = await open(options);
  const ran = await run(session, text);
  await session.close();
  assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
  return ran;
}

const idle = ({ notices }: Ran): readonly string[] => notices.filter((notice) => notice.includes("changes nothing"));

/** Two features that are active on no token of the texts, and one that is, as `rows` shows the model as it is. */
async function features(texts: string): Promise<{ silent: readonly [number, number]; active: number }> {
  const table = (await ask(`${texts} | acts layer 7 | rows | select feature | distinct`)).values[0] as Table;
  const seen = new Set(Array.from(table.columns[0]!.values as ArrayLike<number>));
  const silent = Array.from({ length: 1536 }, (_, i) => i).filter((each) => !seen.has(each));
  return { silent: [silent[0]!, silent.at(-1)!], active: [...seen][0]! };
}

test("that a feature which is taken out fires nowhere is told, whoever reads the edited model; of one that fires, is held or added nothing is", async () => {
  const { silent: [one, two], active } = await features(P);
  const said = `feature ${one} is active on no token of these texts: taking it out changes nothing`;
  for (const rest of ["acts layer 7 last 3 | top 2", "acts layer 7 last 3 | rows 5", "resid layer 8 last 1", "logits top 1"]) {
    assert.equal(idle(await ask(`${P} | ablate feature ${one} | ${rest}`)).map((notice) => notice.replace(/^.*?: /, "")), [said], rest);
    assert.equal(idle(await ask(`${P} | ablate feature ${active} | ${rest}`)), [], rest);
  }
  assert.equal(idle(await ask(`${P} | ablate feature ${two}, ${active}, ${one} | acts layer 7 | top 2`)).map((notice) => notice.replace(/^.*?: /, "")), [`features ${one}, ${two} are active on no token of these texts: taking them out changes nothing`]);
  assert.equal(idle(await ask(`${P} | steer feature ${one} to 0 | acts layer 7 | top 2`)).length, 1);
  for (const edit of [`steer feature ${one} to 2`, `steer feature ${one} scale 2`]) assert.equal(idle(await ask(`${P} | ${edit} | acts layer 7 | top 2`)), [], edit);
  // What is told is so.
  const [plain, ablated] = (await ask(`${P} | resid layer 8 last 5\n${P} | ablate feature ${one} | resid layer 8 last 5`)).values;
  assert.is(bits((ablated as unknown as { taps: unknown }).taps), bits((plain as unknown as { taps: unknown }).taps));
});

test("what an edited model writes is read by it too, token by token", async () => {
  const { silent: [one], active } = await features(`${P} | generate max 3 of input_text`);
  for (const rest of ["generate max 3 of input_text", "memorize prefix 5 continue 3 of input_text"]) {
    assert.is(idle(await ask(`${P} | ablate feature ${one} | ${rest}`)).length, 1, rest);
  }
  assert.equal(idle(await ask(`${P} | ablate feature ${active} | generate max 3 of input_text`)), []);
});

test("an edit is looked at behind those before it", async () => {
  const { silent: [one] } = await features(P);
  // Pushed up first, it fires, and taking it out changes something.
  assert.equal(idle(await ask(`${P} | steer feature ${one} scale 50 | ablate feature ${one} | acts layer 7 | top 2`)), []);
  assert.is(idle(await ask(`${P} | ablate feature ${one} | steer feature ${one} scale 50 | acts layer 7 | top 2`)).length, 1);
});

test("the same is told whatever is known already, in any batch, and of rows that come as they are read", async () => {
  const { silent: [one] } = await features(P);
  const text = `${P} | ablate feature ${one} | acts layer 7 last 9 | stats`;
  const fresh = await ask(text);
  assert.is(idle(fresh).length, 1);
  const session = await open();
  await run(session, `${P} | acts layer 7 | top 3\n${P} | ablate feature ${one} | acts layer 7 last 9 | top 4`);
  const known = await run(session, text);
  await session.close();
  assert.is(bits(known.values[0]!), bits(fresh.values[0]!));
  for (const other of [await ask(text, { engine: { lanes: 1, threads: 1, batch: 3 } }), await ask(`set cache off\n${text}`), await ask(`set guard off\n${text}`)]) {
    assert.equal(idle(other), idle(fresh));
    assert.is(bits(other.values[0]!), bits(fresh.values[0]!));
  }
});

test("of many texts the first are looked at, and that is said", async () => {
  const count = 300;
  const rows = Array.from({ length: count }, (_, i) => `${i},In the beginning God created the heaven and the earth and the earth was without form ${i}`);
  const readFrom = folder({ "t.csv": `id,text\n${rows.join("\n")}\n` });
  cpSync(join(EXAMPLES, "kjv"), join(readFrom, "kjv"), { recursive: true });
  const probe = (await ask('csv "t.csv" | acts layer 7 | rows | select feature | distinct', { readFrom })).values[0] as Table;
  const seen = new Set(Array.from(probe.columns[0]!.values as ArrayLike<number>));
  const silent = Array.from({ length: 1536 }, (_, i) => i).find((each) => !seen.has(each))!;
  const text = `csv "t.csv" | ablate feature ${silent} | acts layer 7 last 2 | stats`;
  const held = idle(await ask(text, { readFrom }));
  assert.match(held[0]!, new RegExp(`feature ${silent} is active on no token of the first \\d+ of ${count} texts: taking it out changes nothing there$`));
  assert.equal(idle(await ask(text, { readFrom, streamBytes: 100 })), held);
});

test.run();
