/** Without this file several lines about the same texts could run the model once for each, or one line could pay for another's mistake. */
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import type { TextValue } from "../../runtime/data/frame.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { EngineError } from "../../runtime/engine/port.ts";
import { wrongSae } from "../guard/wrong_sae.ts";
import { saeFolder } from "./checkpoints.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";
import { watchedEngines } from "./watched_engines.ts";

const [third, seventh, unsound] = [
  saeFolder({ hook: "blocks.2.hook_resid_post" }),
  saeFolder(),
  saeFolder({ change: ({ W_enc }) => void (W_enc!.values[777] = Number.NaN) }),
];
const sae = (path: string): string => `set sae ${JSON.stringify(path)}`;
const ON_SEVEN = "t | acts layer 7 last 40 | top 5";
const ON_TWO = "t | acts layer 2 last 40 | top 5";
const script = (...lines: readonly string[]): string => ["let t = (sample perfect 24)", ...lines].join("\n");

interface Watched extends Ran {
  /** Texts of each pass of the model, and at how many places it is read. */
  readonly passes: readonly number[];
  readonly places: readonly number[];
}

async function watched(text: string, { cache = folder() as string | null, residuals = false, fault = (_taps: number, _done: boolean): Error | null => null } = {}): Promise<Watched> {
  const [passes, places]: [number[], number[]] = [[], []];
  const engines = watchedEngines((engine) => ({
    ...engine,
    forward: async (graph, taps, documents, options) => {
      passes.push(documents.length);
      places.push(taps);
      const [before, after] = [fault(taps, false), fault(taps, true)];
      if (before !== null) throw before;
      await engine.forward(graph, taps, documents, options);
      if (after !== null) throw after;
    },
  }));
  const session = await open({ engines, measured: false, cache: cache === null ? null : { folder: cache, limit: 2 ** 30 }, settings: { seed: "42", ...(residuals ? { cache: "residuals" } : {}) } });
  const ran = await run(session, text);
  await session.close();
  return { ...ran, passes, places };
}

const texts = ({ passes }: Watched): number => passes.reduce((sum, each) => sum + each, 0);
/** The values of these lines, each in a session of its own that keeps nothing. */
async function apart(...lines: readonly (readonly string[])[]): Promise<readonly string[]> {
  const values = [];
  for (const line of lines) values.push(bits((await watched(script(...line, "set cache off"), { cache: null })).values));
  return values;
}
const each = ({ values }: Ran): readonly string[] => values.map((value) => bits([value]));

for (const residuals of [false, true]) {
  test(`layers and SAEs that lines ask of the same texts are read in one pass, with the bits of passes of their own${residuals ? ", through residuals" : ""}`, async () => {
    const lines = [["set guard off", ON_SEVEN], ["set guard off", sae(third), ON_TWO], ["set guard off", sae(seventh), ON_SEVEN]] as const;
    const together = await watched(script(...lines.flat()), { residuals });
    assert.is(together.outcome.exitCode, 0, JSON.stringify(together.outcome.diagnostics));
    assert.is(texts(together), 24);
    assert.equal(each(together), await apart(...lines));
  });
}

test("the first line may be the one of the lowest layer; named features and groups are read along too", async () => {
  const lines = [["set guard off", sae(third), ON_TWO], ["set guard off", 'set sae "kjv"', "t | acts layer 7 last 40 | contexts 769 k 3"], ["set guard off", 'set sae "kjv"', "t | acts layer 7 last 40 | stats"]] as const;
  const together = await watched(script(...lines.flat()));
  assert.is(texts(together), 24);
  assert.equal(each(together), await apart(...lines));
});

test("other texts, other positions, and what is only explained are passes of their own", async () => {
  const other = await watched(script("set guard off", ON_SEVEN, "sample non_perfect 25 | acts layer 7 last 40 | top 2", "t | acts layer 7 last 3 | top 2"));
  assert.equal(other.passes, [24, 25, 24]);
  const explained = await watched(script("set guard off", ON_SEVEN, sae(third), `${ON_TWO} | explain`));
  assert.is(texts(explained), 24);
  const { passes: [pass] } = (explained.values[1] as TextValue).data as Explanation;
  assert.ok("known" in pass!.work && pass!.work.known === 0);
  const analyzed = await watched(script("set guard off", ON_SEVEN, sae(third), `${ON_TWO} | explain analyze`));
  assert.equal(analyzed.passes, [24, 24]);
  const between = await watched(script("set guard off", ON_SEVEN, sae(third), `${ON_TWO} | explain analyze`, "t | acts layer 2 last 40 | stats"));
  assert.equal(between.passes, [24, 24]);
});

test("where nothing is kept, nothing is read along", async () => {
  const { passes, places } = await watched(script("set guard off", "set cache off", ON_SEVEN, sae(third), ON_TWO), { cache: null });
  assert.equal([passes, places], [[24, 24], [1, 1]]);
});

test("an SAE that does not fit is refused in its own line, and the line before has its result", async () => {
  const ran = await watched(script(ON_SEVEN, sae(third), ON_TWO));
  assert.equal(ran.codes, ["guard-failed"]);
  assert.ok(ran.outcome.exitCode !== 0 && ran.outcome.diagnostics[0]!.span.start > script(ON_SEVEN).length, JSON.stringify(ran.outcome.diagnostics));
  assert.equal(each(ran), await apart([ON_SEVEN]));
});

for (const code of ["engine-died", "engine-failed", "no-provider", "out-of-memory", "device-lost"]) {
  test(`where a pass that reads along ends in ${code}, each line is run by itself, and that is said`, async () => {
    const lines = [["set guard off", ON_SEVEN], ["set guard off", sae(third), ON_TWO], ["set guard off", sae(seventh), ON_SEVEN]] as const;
    const ran = await watched(script(...lines.flat()), { fault: (taps, done) => (taps > 1 && !done ? new EngineError(code, "a fault", "do nothing") : null) });
    assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
    assert.equal(each(ran), await apart(...lines));
    assert.equal(ran.notices.filter((text) => text.includes("a fault")).length, 1, ran.notices.join("\n"));
    // Tried once, and not for each line.
    assert.is(ran.passes.length, 4);
  });
}

test("what the guard has not seen because a pass that reads along failed, it sees when the line is run by itself", async () => {
  const ran = await watched(script(sae(wrongSae()), ON_SEVEN, 'set sae "kjv"', ON_SEVEN), { fault: (taps, done) => (taps > 2 && done ? new EngineError("out-of-memory", "a fault", "do nothing") : null) });
  assert.equal(ran.codes, ["guard-failed"]);
  assert.ok(ran.outcome.diagnostics[0]!.span.start < script(sae(wrongSae()), ON_SEVEN).length);
  assert.equal(ran.values, []);
});

test("an SAE that became shorter after it was checked is told in its own line", async () => {
  const broken = saeFolder({ hook: "blocks.2.hook_resid_post", dSae: 4000 });
  const cut = (): null => (truncateSync(join(broken, "sae_weights.safetensors"), 3000), null);
  const ran = await watched(script("set guard off", ON_SEVEN, sae(broken), ON_TWO), { fault: cut });
  assert.is(ran.values.length, 1, ran.codes.join());
  assert.is(ran.outcome.diagnostics.length, 1);
  assert.ok(ran.outcome.diagnostics[0]!.span.start > script("set guard off", ON_SEVEN).length, JSON.stringify(ran.outcome.diagnostics));
});

test("a weight that is no number is told in its own line", async () => {
  const cache = folder();
  for (let round = 0; round < 3; round++) {
    const ran = await watched(script("set guard off", ON_SEVEN, sae(unsound), ON_SEVEN), { cache });
    assert.equal(ran.codes, ["nonfinite-weights"], `round ${round}`);
    assert.ok(ran.outcome.diagnostics[0]!.span.start > script("set guard off", ON_SEVEN).length);
    assert.equal(each(ran), await apart(["set guard off", ON_SEVEN]));
  }
});

test("SAEs that differ in a weight that their digests do not meet are two", async () => {
  const wide = (at: number): string => saeFolder({ dSae: 6144, change: ({ W_enc }) => void (W_enc!.values[at] = 1000) });
  const digestOf = async (path: string): Promise<string> => (await readSae(path, { convention: null })).digest;
  // Both change feature 100, whose weights lie 6,144 apart.
  const [one, other] = [wide(50 * 6144 + 100), wide(51 * 6144 + 100)];
  assert.is(await digestOf(one), await digestOf(other), "choose weights between the samples");
  const strongest = `${ON_SEVEN} by max`;
  const lines = [["set guard off", sae(one), strongest], ["set guard off", sae(other), strongest]] as const;
  const [first, second] = await apart(...lines);
  assert.is.not(first, second);
  for (const more of [[], ["set cache off"]]) assert.equal(each(await watched(script(...more, ...lines.flat()))), [first, second]);
});

test("SAEs that differ in one threshold have two digests", async () => {
  const path = (at: number): string => saeFolder({ dSae: 6144, change: ({ threshold }) => void (threshold!.values[at] = 0.625) });
  const digests = await Promise.all([1, 2500, 6000].map(async (at) => (await readSae(path(at), { convention: null })).digest));
  assert.is(new Set(digests).size, 3);
});

test("what is kept already is not read along once more", async () => {
  const cache = folder();
  await watched(script("set guard off", sae(third), ON_TWO), { cache });
  const { passes, places, outcome } = await watched(script("set guard off", ON_SEVEN, sae(third), ON_TWO), { cache });
  assert.is(outcome.exitCode, 0);
  assert.equal([passes, places], [[24], [1]]);
});

test.run();
