/** Without this file ids that were kept could be those of another tokenizer, text or BOS, and nobody would notice that texts are tokenized again. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDisk, type DiskCache } from "../../runtime/cache/disk.ts";
import { holdings, segmentsOf } from "../../runtime/cache/inventory.ts";
import { keptCards, keptTokenIds } from "../../runtime/cache/kept_tokens.ts";
import type { LoadedModel } from "../../runtime/catalog/catalog.ts";
import { readTokenizer, type Tokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import type { TokenizerCard } from "../../runtime/checkpoint/tokenizer/card.ts";
import { TextTokenizer } from "../../runtime/checkpoint/tokenizer/text_tokenizer.ts";
import type { TextValue } from "../../runtime/data/frame.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { bits, folder, open, run } from "../session/open.ts";

const fixtures = join(import.meta.dirname, "../parity/tokenizers");
const names = readdirSync(fixtures);

/** How often a tokenizer is asked for the ids of a text, and how many times one is looked at as it is built. */
let [asked, built] = [0, 0];
const { encode, facts } = TextTokenizer.prototype;
TextTokenizer.prototype.encode = function (this: TextTokenizer, text: string) {
  asked++;
  return encode.call(this, text);
};
TextTokenizer.prototype.facts = function (this: TextTokenizer) {
  built++;
  return facts.call(this);
};

function diskAt(at: string): DiskCache {
  const disk = openDisk({ folder: at, limit: 2 ** 30 });
  if ("refused" in disk) throw new Error(disk.refused);
  return disk;
}

const modelOf = (name: string, tokenizer: Tokenizer): LoadedModel => ({ tokenizer, facts: { ref: { name } } }) as unknown as LoadedModel;
const hostile = ["", " ", "a\ud800b", "a\udfffb", "a\ufffdb", "\u0000", "e\u0301", "é", "<|begin_of_text|>in", "x".repeat(3000)];

test("kept ids are those of their tokenizer, text and BOS, for every tokenizer at once, from a disk that another process filled", async () => {
  const at = folder();
  let cases = 0;
  for (const round of ["written", "read"]) {
    const disk = diskAt(at);
    for (const name of names) {
      const model = modelOf(name, await readTokenizer(join(fixtures, name)));
      const { texts } = JSON.parse(readFileSync(join(fixtures, name, "expected.json"), "utf8")) as { readonly texts: readonly string[] };
      const kept = keptTokenIds(disk).encoder(model);
      const direct = [...texts, ...hostile].flatMap((text) => (model.tokenizer.bosId === null ? [false] : [false, true]).map((bos) => ({ text, bos, ids: [...model.tokenizer.encode(text, { bos })] })));
      const before = asked;
      for (const { text, bos, ids } of direct) assert.equal([...kept(text, { bos })], ids, `${name} ${JSON.stringify(text.slice(0, 40))} ${bos}`);
      assert.is(asked - before, round === "written" ? new Set(direct.map(({ text, bos }) => `${text}|${bos}`)).size : 0, name);
      cases += direct.length;
    }
    await disk.flush();
    disk.close();
  }
  assert.ok(cases > 500, `${cases}`);
});

test("a BOS that the tokenizer lacks is an error each time", async () => {
  const disk = diskAt(folder());
  const kept = keptTokenIds(disk).encoder(modelOf("qwen", await readTokenizer(join(fixtures, "qwen"))));
  for (let time = 0; time < 2; time++) assert.throws(() => kept("the", { bos: true }), /no `bos_token`/);
  disk.close();
});

test("with a card that is known nothing is built until a text comes; the card tells what the tokenizer would, and ids are the same", async () => {
  for (const name of names) {
    const cards = new Map<string, TokenizerCard>();
    const memory = { recall: (id: string) => cards.get(id) ?? null, keep: (id: string, card: TokenizerCard) => void cards.set(id, JSON.parse(JSON.stringify(card)) as TokenizerCard) };
    const first = await readTokenizer(join(fixtures, name), undefined, memory);
    assert.is(cards.size, 1);
    const before = built;
    const second = await readTokenizer(join(fixtures, name), undefined, memory);
    assert.is(cards.size, 1);
    const facts = ({ digest, size, bosId, eosId, prependsBos, notes, specialIds }: Tokenizer): unknown => ({ digest, size, bosId, eosId, prependsBos, notes, specialIds: [...specialIds] });
    assert.equal(facts(second), facts(first), name);
    assert.is(built, before);
    assert.equal([...second.encode("In the beginning", { bos: false })], [...first.encode("In the beginning", { bos: false })]);
    assert.is(second.decode([5, 6, 7]), first.decode([5, 6, 7]));
    assert.is(second.piece(9), first.piece(9));
    assert.equal(second.pieces([9, 10]), first.pieces([9, 10]));
  }
});

test("other files are another card", async () => {
  const source = join(fixtures, "llama3");
  const at = folder(Object.fromEntries(["tokenizer.json", "tokenizer_config.json"].map((name) => [name, readFileSync(join(source, name))])));
  const ids = new Set<string>();
  const cards = { recall: (id: string) => (ids.add(id), null), keep: () => {} };
  await readTokenizer(at, undefined, cards);
  await readTokenizer(at, undefined, cards);
  assert.is(ids.size, 1);
  for (const name of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"]) {
    const text = name === "special_tokens_map.json" || name === "config.json" ? "{}" : `${readFileSync(join(at, name), "utf8")} `;
    const before = ids.size;
    writeFileSync(join(at, name), text);
    await readTokenizer(at, undefined, cards);
    assert.is(ids.size, before + 1, name);
  }
});

test("a card that is damaged or none is as if there were none", async () => {
  const at = folder();
  const [one] = names;
  const disk = diskAt(at);
  const cards = keptCards(() => disk);
  const builds = async (): Promise<boolean> => {
    const before = built;
    await readTokenizer(join(fixtures, one!), undefined, cards);
    await cards.write(disk);
    return built > before;
  };
  assert.equal([await builds(), await builds()], [true, false]);
  const path = segmentsOf(at)[0]!.path;
  const id = /([0-9a-f]{32})\.seg$/.exec(path)![1]!;
  for (const text of ["", "{}", "null", "[1]", '{"digest":"x","size":"3"}']) {
    await disk.writeValue(id, "{}", Buffer.from(text));
    assert.equal([await builds(), await builds()], [true, false], text);
  }
  const bytes = readFileSync(path);
  bytes[bytes.length - 3] = bytes[bytes.length - 3]! ^ 1;
  writeFileSync(path, bytes);
  assert.equal([await builds(), await builds()], [true, false], "a bit turned");
  disk.close();
});

test("another question about the same texts tokenizes nothing in another session, with the same bits; what prints tokens builds what it needs", async () => {
  const at = folder();
  const ask = async (query: string, cached = true): Promise<{ readonly bits: string; readonly asked: number }> => {
    const before = asked;
    const session = await open({ cache: cached ? { folder: at, limit: 2 ** 30 } : null });
    const { outcome, values } = await run(session, query);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    return { bits: bits(values), asked: asked - before };
  };
  const pairs = "groups perfect = (sample perfect 12), non_perfect = (sample non_perfect 12) | acts layer 7 last 50";
  const off = await ask(`set cache off; ${pairs} | top 10`);
  assert.ok(off.asked > 40);
  assert.equal(segmentsOf(at), [], "nothing is kept where nothing should be");
  await ask(`set cache memory; ${pairs} | top 10`);
  assert.equal(segmentsOf(at), []);
  await ask("sample perfect 12 | tokenize");
  assert.equal(holdings(at).map(({ name }) => name), ["facts of a tokenizer"], "a table of tokens asks for no model");
  const cold = await ask(`${pairs} | top 10`);
  assert.is(cold.asked, 48, "each text once, and the prompt it begins with");
  assert.is(cold.bits, off.bits);
  for (const next of ["top 10", "stats", "top 4 by max", "hist l0"]) {
    const before = built;
    const warm = await ask(`${pairs} | ${next}`);
    assert.equal([warm.asked, built - before], [0, 0], next);
    assert.is(warm.bits, (await ask(`${pairs} | ${next}`, false)).bits, next);
  }
  const shown = await ask(`${pairs} | top 3 | contexts`);
  assert.is(shown.bits, (await ask(`${pairs} | top 3 | contexts`, false)).bits);
  assert.is((await ask("sample perfect 12 | memorize prefix 10 continue 5 of input_text")).bits, (await ask("sample perfect 12 | memorize prefix 10 continue 5 of input_text", false)).bits);
});

test("an explanation reads the ids that are kept, builds and keeps nothing, and says the same", async () => {
  const query = "groups perfect = (sample perfect 12), non_perfect = (sample non_perfect 12) | acts layer 7 last 50 | stats";
  const explain = async (at: string | null, text: string): Promise<{ readonly works: unknown; readonly asked: number; readonly built: number }> => {
    const before = [asked, built] as const;
    const session = await open({ measured: false, cache: at === null ? null : { folder: at, limit: 2 ** 30 } });
    const { outcome, values } = await run(session, text);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    const { passes } = (values[0] as TextValue & { readonly data: Explanation }).data;
    return { works: passes.map(({ work }) => ("unknown" in work ? work : { texts: work.texts, tokens: work.tokens, rows: work.rows, longest: work.longest, exact: work.exact })), asked: asked - before[0], built: built - before[1] };
  };
  for (const text of [`${query} | explain`, "groups perfect = (sample perfect 6 | tokenize), non_perfect = (sample non_perfect 6 | tokenize) | acts layer 7 | top 3 | explain"]) {
    const at = folder();
    const anew = await explain(null, text);
    assert.ok(anew.asked > 0);
    assert.equal((await explain(at, text)).works, anew.works);
    assert.equal(holdings(at).map(({ name }) => name), ["facts of a tokenizer"], "who looks keeps no ids");
    const session = await open({ cache: { folder: at, limit: 2 ** 30 } });
    await run(session, text.replace(" | explain", ""));
    await session.close();
    const kept = segmentsOf(at).length;
    assert.equal(await explain(at, text), { works: anew.works, asked: 0, built: 0 }, text);
    assert.is(segmentsOf(at).length, kept);
  }
});

test.run();
