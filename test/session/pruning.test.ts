/** Without this file the features named in a query might be computed otherwise than among all others. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { TextValue } from "../../runtime/data/frame.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { largeSae } from "./checkpoints.ts";
import { bits, open, run } from "./open.ts";

const SAE = largeSae();
const QUESTION = "sample perfect 12 | acts layer 7 last 50 | contexts 769, 559 k 4 window 5";

for (const guard of ["on", "off"]) {
  test(`features that are named have the values they have among all, guard ${guard}`, async () => {
    const set = `set sae ${JSON.stringify(SAE)}; set guard ${guard}; `;
    const [pruned, whole] = [await open({ measured: false, interactive: true }), await open({ rules: [], measured: false })];
    const [some, all] = [await run(pruned, set + QUESTION), await run(whole, set + QUESTION)];
    assert.equal([some.outcome.exitCode, all.outcome.exitCode], [0, 0], JSON.stringify(some.outcome.diagnostics));
    assert.is(bits(some.values), bits(all.values));
    assert.ok(some.values[0]!.kind === "table" && some.values[0]!.rows === 8);
    await whole.close();
    // Fewer operations, and the explanation says why.
    const explained = async (query: string): Promise<Explanation["passes"][number]> => ((await run(pruned, `${query} | explain`)).values[0] as TextValue & { readonly data: Explanation }).data.passes[0]!;
    const one = await explained("sample perfect 13 draw 2 | acts layer 7 last 50 | contexts 769");
    const every = await explained("sample perfect 13 draw 2 | acts layer 7 last 50 | top 3");
    assert.match(one.places[0]!.sae!.kernel, /^only feature 769, gathered from \d+ columns$/);
    assert.ok(one.predicted!.flops < every.predicted!.flops / 2);
    // What is known of all features answers for one; what is known of one answers for no other.
    await run(pruned, "sample perfect 12 | acts layer 7 last 50 | contexts 769");
    const other = await explained("sample perfect 12 | acts layer 7 last 50 | contexts 821");
    assert.ok("known" in other.work && (guard === "on" || other.work.known === 0));
    await run(pruned, "sample perfect 12 | acts layer 7 last 50 | top 3");
    const after = await run(pruned, "sample perfect 12 | acts layer 7 last 50 | contexts 821 k 2 | explain analyze");
    assert.is(((after.values[0] as TextValue).data as Explanation).passes[0]!.actual!.tokens, 0);
    await pruned.close();
  });
}

test("a small SAE is computed whole, so that it answers the next question too", async () => {
  const session = await open({ measured: false });
  await run(session, "sample perfect 3 | acts layer 7 last 50 | contexts 769");
  const { values } = await run(session, "sample perfect 3 | acts layer 7 last 50 | contexts 559 | explain");
  const { passes: [pass] } = (values[0] as TextValue).data as Explanation;
  assert.match(pass!.places[0]!.sae!.kernel, /^dense/);
  assert.ok("known" in pass!.work && pass!.work.known === 3);
  await session.close();
});

test.run();
