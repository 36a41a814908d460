/** Without this file a rule that changes a result in a case nobody wrote down would stand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bits, open, run } from "../session/open.ts";
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

test.run();
