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
  // The guard judges by a thousand tokens, and what it has not judged is not written.
  const [cache, settings] = [{ folder: at, limit: 2 ** 30 }, { seed: "42", guard: "off" }];
  const plain = await open({ settings, rules: [] });
  const random = seedrandom("evict");
  let cold = await open({ cache, settings });
  let number = 0;
  let read = 0;
  for (const query of queries("cache", CACHED)) {
    const reference = bits((await run(plain, query)).values);
    assert.is(bits((await run(cold, query)).values), reference, `cold: ${query}`);
    // Nothing of a new session comes from memory: what others have written is read, and what is gone of it is computed.
    const warm = await open({ cache, settings, interactive: true });
    const { values, events } = await run(warm, query);
    assert.is(bits(values), reference, `warm: ${query}`);
    if (events.some((event) => event.kind === "finished" && event.detail.endsWith(", cached"))) read++;
    await warm.close();
    if (++number % 10 > 0) continue;
    await cold.close();
    for (const { path } of segmentsOf(at)) if (random() < 0.5) unlinkSync(path);
    cold = await open({ cache, settings });
  }
  await Promise.all([plain.close(), cold.close()]);
  assert.ok(read > CACHED / 10, `${read} of ${CACHED} read activations`);
});

test.run();
