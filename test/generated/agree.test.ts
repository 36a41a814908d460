/** Without this file a rule that changes a result in a case nobody wrote down would stand. */
import { unlinkSync } from "node:fs";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { segmentsOf } from "../../runtime/cache/inventory.ts";
import { bits, folder, open, run } from "../session/open.ts";
import { queries } from "./queries.ts";

/** `GENERATED=10000` is what CI tries. */
const COUNT = Number(process.env["GENERATED"] ?? 2_000);

test(`${COUNT} generated queries give the same bits with and without the rules`, async () => {
  const optimised = await open();
  const plain = await open({ rules: [] });
  let model = 0;
  for (const query of queries("saeq", COUNT)) {
    const [a, b] = [await run(optimised, query), await run(plain, query)];
    assert.is(a.outcome.exitCode, 0, `${query}: ${JSON.stringify(a.outcome.diagnostics)}`);
    if (bits(a.values) !== bits(b.values) || a.outcome.exitCode !== b.outcome.exitCode) assert.unreachable(`differs: ${query}`);
    if (/acts|resid/.test(query)) model++;
  }
  await optimised.close();
  await plain.close();
  assert.ok(model > COUNT / 4, `${model} of them run the model`);
});

/** `GENERATED_CACHED=1000` is what CI tries: each query runs in three more sessions. */
const CACHED = Number(process.env["GENERATED_CACHED"] ?? 150);

test(`${CACHED} generated queries give the same bits from an empty, a full and a half emptied cache`, async () => {
  const at = folder();
  const cache = { folder: at, limit: 2 ** 30 };
  const plain = await open();
  const random = seedrandom("evict");
  let [cold, warm] = [await open({ cache }), await open({ cache, rules: [] })];
  let number = 0;
  for (const query of queries("cache", CACHED)) {
    const reference = bits((await run(plain, query)).values);
    assert.is(bits((await run(cold, query)).values), reference, `cold: ${query}`);
    assert.is(bits((await run(warm, query)).values), reference, `warm: ${query}`);
    if (++number % 10 > 0) continue;
    // New sessions, so that nothing comes from memory; some segments are gone, and the others are read.
    await Promise.all([cold.close(), warm.close()]);
    for (const { path } of segmentsOf(at)) if (random() < 0.5) unlinkSync(path);
    [cold, warm] = [await open({ cache, rules: [] }), await open({ cache })];
  }
  await Promise.all([plain.close(), cold.close(), warm.close()]);
});

test.run();
