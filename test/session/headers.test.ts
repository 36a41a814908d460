/** Without this file a figure could be shown without what it depends on: layer, hook, SAE, model, and which tokens were left out. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, open, run } from "./open.ts";

async function headers(text: string, options: Parameters<typeof open>[0] = {}): Promise<readonly string[]> {
  const session = await open(options);
  const { events, outcome } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  return events.flatMap((event) => (event.kind === "result" ? [event.header] : []));
}

const MODEL = "model kjv, float32 on CPU · text: input_text + generated_continuation_text";
const READ = `layer 7 resid_post (model.layers.7 output) · SAE kjv (saelens) · ${MODEL}`;
const one = "sample perfect 2 | acts layer 7";
const two = "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7";

test("figures of activations, and what becomes of their rows, say what they were read from", async () => {
  for (const [query, masked, facts] of [
    [`${one} | stats`, 2],
    [`${one} | hist l0`, 2],
    [`${one} | count`, 2],
    [`${two} | compare`, 4],
    [`${two} | stats`, 4],
    [`${two} | top 3 | overlap`, 4],
    [`${two} | top 3 | union | sort a desc | take 2`, 4],
    [`${one} | top 3 | where max > 0 | select feature, max`, 2],
    [`${one} | top 3 | derive share = count / 202 | sort share desc`, 2],
    [`${one} | top 3 | plot bars x feature y max`, 2],
    [`${one} | contexts 769 k 2 | rename f = feature`, 2],
    [`${one} | decode`, 2, `layer 7 resid_post · SAE kjv (saelens) · ${MODEL}`],
    ["sample perfect 2 | resid layer 3 hook mlp_out", 2, `layer 3 mlp_out (model.layers.3.mlp.down_proj output) · ${MODEL}`],
  ] as const) {
    const said = await headers(query);
    assert.ok(said[0]!.endsWith(` · ${facts ?? READ} · ${masked} special tokens masked`), `${query}: ${said[0]}`);
  }
});

test("rows that are counted, joined or taken together are figures of rows", async () => {
  for (const query of [`${one} | top 3 | count`, `${one} | top 3 | agg n = count()`, `${one} | top 3 | describe`, "perfect | count", "sample perfect 2 | tokenize"])
    assert.not.match((await headers(query))[0]!, / · /, query);
});

test("a figure that was kept says the same, in the session and in another one", async () => {
  const cache = { folder: folder(), limit: 2 ** 30 };
  const query = `${two} | compare | cache name "c" | take 2`;
  const [first, again] = await headers(`${query}\n${query}`, { cache });
  assert.match(first!, /^take 2 {2}table 2 × \d+ · layer 7 resid_post .* · 4 special tokens masked$/);
  assert.is(again, first);
  assert.equal(await headers(query, { cache }), [first]);
});

test.run();
