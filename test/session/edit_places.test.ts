/** Without this file an edit could reach other tokens than were named, or be taken for one of other tokens. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { Dense, Table, Value } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { headerOf } from "../../runtime/session/header.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import type { Edit } from "../../src/ops/edit.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";

const P = 'prompts "In the beginning God created", "And the king said"';
const STEER = "steer feature 512 scale 30";
/** One text in two parts, cut at two places, and a third. */
const PAIRS = 'csv "pairs.csv"';
const readFrom = folder({ "pairs.csv": "prompt,continuation\nIn the beginning, God created the heaven\nIn the beginning God created, the heaven\nAnd the king said unto, him\n" });
cpSync(join(EXAMPLES, "kjv"), join(readFrom, "kjv"), { recursive: true });

/** Nothing is kept, so that what is equal was computed twice. */
let session: Session;
test.before(async () => void (session = await open({ measured: false, readFrom })));
test.after(() => session.close());

async function ask(text: string, on: Session = session): Promise<Ran> {
  const ran = await run(on, on === session ? `set cache off\n${text}` : text);
  assert.is(ran.outcome.exitCode, 0, `${text}: ${JSON.stringify(ran.outcome.diagnostics)}`);
  return ran;
}

const value = async (text: string): Promise<Value> => (await ask(text)).values.at(-1)!;
const column = (table: Value, name: string): readonly unknown[] => Array.from({ length: (table as Table).rows }, (_, row) => cellAt(columnNamed(table as Table, name), row));
const written = (table: Value): readonly unknown[] => column(table, "generated_continuation_text");

async function checked(text: string): Promise<{ readonly codes: readonly string[]; readonly edits: readonly Edit[]; readonly messages: readonly string[]; readonly helps: readonly string[]; readonly notes: readonly string[]; readonly fixes: readonly string[] }> {
  const { compiled, diagnostics } = await session.check({ name: "t", text });
  return { codes: diagnostics.map(({ code }) => code), messages: diagnostics.map(({ message }) => message), helps: diagnostics.flatMap(({ help }) => help ?? []), notes: diagnostics.flatMap(({ notes }) => notes ?? []), fixes: diagnostics.flatMap(({ fix }) => fix?.text ?? []), edits: compiled?.pipelines.at(-1)?.written.schema.edits ?? [] };
}

test("places are said by the words of acts, numbers may be params, and an edit of all tokens is what it was before there were any", async () => {
  const [edit] = (await checked(`param n: int = 3\n${P} | ${STEER} last $n of prompt`)).edits;
  assert.equal(edit!.window, { first: null, last: 3, of: "prompt" });
  const [plain] = (await checked(`${P} | ${STEER}`)).edits;
  assert.equal(Object.keys(plain!).sort(), ["features", "hook", "how", "layer", "sae", "special", "value"]);
  assert.equal((await checked(`${P} | ${STEER} of all`)).edits, [plain]);
  assert.equal((await checked(`${P} | ${STEER} first 2 last 2 | acts layer 7 | count`)).codes, ["wrong-argument"]);
  assert.equal((await checked(`${P} | ${STEER} last 0 | acts layer 7 | count`)).codes, ["out-of-range"]);
  assert.equal((await checked(`${P} | steer feature 512 last 2 | logits`)).helps, ["steer feature 512 scale 8.0 last 2"]);
  assert.equal((await checked(`groups a = (${P} | ${STEER} last 1), b = (${P} | ${STEER} last 2) | ungroup | acts layer 7 | count`)).codes, ["unlike-edits"]);
});

test("of two texts with the same tokens each is edited behind its own prompt, and not before", async () => {
  const dense = async (rest: string): Promise<Dense> => (await value(`${PAIRS} | ${rest}resid layer 7`)) as Dense;
  const [plain, all, behind, last] = [await dense(""), await dense(`${STEER} | `), await dense(`${STEER} of continuation | `), await dense(`${STEER} last 2 of prompt | `)];
  const { ids, boundary } = plain.tokens;
  assert.equal([...ids[0]!], [...ids[1]!]);
  assert.is.not(boundary![0], boundary![1]);
  const rows = ({ taps: [tap] }: Dense): readonly string[] => Array.from({ length: plain.rows.count }, (_, row) => tap!.values.slice(row * tap!.width, (row + 1) * tap!.width).join());
  const chosen = (inside: (position: number, boundary: number) => boolean): readonly string[] => ids.flatMap((text, at) => [...text.keys()].map((position) => inside(position, boundary![at]!))).map((edited, row) => rows(edited ? all : plain)[row]!);
  assert.equal(rows(behind), chosen((position, from) => position >= from));
  assert.equal(rows(last), chosen((position, from) => position < from && position >= from - 2));
});

test("a model writes what is likeliest where its tokens are edited as they are when the whole is read", async () => {
  const seen = new Set<string>();
  for (const place of ["", "last 1", "last 2 of prompt", "of prompt", "of continuation", "first 2 of continuation", "first 7"]) {
    const table = await value(`${P} | ${STEER} ${place} | generate max 8 | logits at continuation`);
    assert.equal(column(table, "rank"), new Array(16).fill(1), place);
    seen.add(JSON.stringify(column(table, "token")));
  }
  assert.is(seen.size, 7, "each place makes a difference");
});

test("the last tokens of a text that the model goes on with are those of the prompt, also for who reads what it wrote", async () => {
  const { edits } = await checked(`${P} | ${STEER} last 1 | generate max 3`);
  assert.equal(edits[0]!.window, { first: null, last: 1, of: "prompt" });
  assert.is(bits(await value(`${P} | ${STEER} last 1 | generate max 4 | acts layer 7 | rows`)), bits(await value(`${P} | ${STEER} last 1 of prompt | generate max 4 | acts layer 7 | rows`)));
  assert.equal((await checked(`${P} | ${STEER} last 1 | generate max 3`)).codes, [], "nobody says that it is not read");
  const late = await checked(`${P} | ${STEER} last 2 of continuation | generate max 3`);
  assert.equal(late.codes, ["wrong-argument"]);
  assert.match(late.messages[0]!, "edits the last 2 of the tokens that the model writes");
  assert.equal(late.fixes, ["steer feature 512 scale 30 of continuation"]);
  const apart = await checked(`let p = ${P} | ${STEER} last 2 of continuation | steer feature 3 scale 1\np | generate max 3`);
  assert.equal([apart.fixes, apart.helps], [[], ["… | steer feature 512 layer 7 scale 30 of continuation | generate max 3"]]);
  assert.equal((await checked(`${P} | ${STEER} last 2 of continuation | memorize prefix 1 continue 1`)).codes, ["wrong-argument"]);
  assert.equal((await checked(`${PAIRS} | ${STEER} last 2 of continuation | acts layer 7 | count`)).codes, []);
});

test("memorize gives a prefix, which is the prompt", async () => {
  const memorized = async (rest: string): Promise<readonly unknown[]> => written(await value(`${PAIRS} | text prompt + continuation | ${rest} | memorize prefix 3 continue 2`));
  assert.equal(await memorized(`${STEER} last 1`), await memorized(`${STEER} last 1 of prompt`));
  assert.not.equal(await memorized(`${STEER} of prompt`), await memorized(`${STEER} of continuation`));
});

test("groups may be edited at places of their own, and each is read as it is alone", async () => {
  const groups = [`${P}`, `${P} | ${STEER} last 1`, `${P} | ${STEER} last 2`];
  const table = await value(`groups plain = (${groups[0]}), one = (${groups[1]}), two = (${groups[2]}) | acts layer 7 | stats`);
  for (const [row, group] of groups.entries()) assert.is(column(await value(`${group} | acts layer 7 | stats`), "mean_active")[0], column(table, "mean_active")[row]);
  assert.is(new Set(column(table, "mean_active")).size, 3);
  const header = headerOf((await value(`groups plain = (${groups[0]}), one = (${groups[1]}) | logits top 2`)), "float32 on CPU");
  assert.match(header, "model kjv edited by group (unedited; steer feature 512 layer 7 scale 30 last 1)");
  assert.match(((await ask(`${groups[2]} | acts layer 7 | explain`)).values[0] as Value & { readonly kind: "text" }).text, /edited: steer feature 512 layer 7 scale 30 last 2/);
});

test("what was computed of one place never stands for another, in one session and from the disk; figures and rows that come as they are read have the same bits", async () => {
  const queries = ["", "of continuation", "last 1", "first 2", "last 1 of prompt", "last 1 special"].flatMap((place) => {
    const edited = place === "" ? "" : `${STEER} ${place} | `;
    return [`${PAIRS} | ${edited}acts layer 7 last 4 | stats`, `${P} | ${edited}generate max 3`];
  });
  // One text after the other, whose tokens are those of the one before.
  const apart = ["take 1", "skip 1 | take 1"].map((rows) => `${PAIRS} | ${rows} | ${STEER} of continuation | acts layer 7 | top 9`);
  queries.push(...apart);
  const cache = { folder: folder(), limit: 2 ** 30 };
  const bare = (await ask(queries.join("\n"))).values.map(bits);
  for (let round = 0; round < 2; round++) {
    const kept = await open({ readFrom, cache, ...(round === 0 ? {} : { streamBytes: 10 }) });
    assert.equal((await ask(queries.join("\n"), kept)).values.map(bits), bare, `round ${round}`);
    await kept.close();
  }
  assert.is(new Set(bare.filter((_, at) => at % 2 === 0 || at >= bare.length - apart.length)).size, 8);
});

test("the same bits for any batch, lanes and threads", async () => {
  for (const query of [`${PAIRS} | ${STEER} of continuation | ablate feature 769 last 2 | resid layer 8`, `${P} | ${STEER} first 2 of continuation | generate max 5 temperature 1.1 n 3`]) {
    const reference = bits(await value(query));
    const other = await open({ readFrom, engine: { lanes: 2, threads: 2, batch: 1 } });
    assert.is(bits((await ask(`set cache off\n${query}`, other)).values.at(-1)), reference, query);
    await other.close();
  }
});

test("an edit that reaches no token is told, and so is a feature that is taken out and fires on none that is edited", async () => {
  const told = async (text: string): Promise<readonly string[]> => (await ask(text)).notices.map((notice) => notice.replace(/^[^`f]*: /, ""));
  const none = "`steer feature 512 layer 7 scale 30 of continuation` edits no token: the texts, as far as they are read, have no continuation; leave `of continuation` out to edit all of their tokens";
  for (const rest of ["acts layer 7 | top 2", "resid layer 7 last 1", "logits top 1"]) assert.ok((await told(`${P} | ${STEER} of continuation | ${rest}`)).some((notice) => notice.endsWith(none)), rest);
  assert.equal(await told(`${P} | ${STEER} of continuation | generate max 3`), []);
  const [bos] = await told(`set bos true\n${P} | ${STEER} first 1 | resid layer 7 last 1`);
  assert.match(bos!, "`steer feature 512 layer 7 scale 30 first 1` edits no token but 2 special tokens, such as the one that begins a text, and those stay as they are; `special` edits them too");
  assert.equal(await told(`set bos true\n${P} | ${STEER} first 1 special | resid layer 7 last 1`), []);
  const table = await value(`prompts "In the beginning God created" | acts layer 7 | rows`);
  const positions = (feature: unknown): readonly unknown[] => column(table, "position").filter((_, row) => column(table, "feature")[row] === feature);
  const early = column(table, "feature").find((feature) => !positions(feature).includes(5))!;
  const start = `prompts "In the beginning God created" | ablate feature ${early}`;
  assert.match((await told(`${start} last 1 | resid layer 8 last 1`))[0]!, `feature ${early} is active on no token of this text that is edited (last 1): taking it out changes nothing`);
  assert.equal(await told(`${start} | resid layer 8 last 1`), []);
  assert.is(bits(((await value(`${start} last 1 | resid layer 8`)) as Dense).taps), bits(((await value('prompts "In the beginning God created" | resid layer 8')) as Dense).taps), "what is told is so");
});

test("a chat in one column has no answer that could be edited, and that is said as of what is read", async () => {
  const chat = 'prompts "Who art thou" | chat template "std:kjv/dialogue.jinja"';
  const read = await checked(`${chat} | acts layer 7 of continuation | count`);
  const edited = await checked(`${chat} | ${STEER} of continuation | acts layer 7 | count`);
  assert.equal(edited.codes, read.codes);
  assert.equal(edited.messages, read.messages);
  assert.equal(edited.codes, ["no-answer"]);
  assert.equal(edited.notes.at(-1), "asked for by `steer feature 512 layer 7 scale 30 of continuation`");
  assert.equal((await checked(`${chat} | ${STEER} of continuation | logits | count`)).codes, ["no-answer"]);
  assert.equal((await checked(`${chat} | ${STEER} of continuation | generate max 2 | acts layer 7 | count`)).codes, []);
  assert.equal((await checked(`${chat.replace("chat", `chat answer "I am"`)} | ${STEER} of continuation | acts layer 7 | count`)).codes, []);
});

test.run();
