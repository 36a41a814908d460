/** Without this file what does not fit could be kept, and be an answer ever after. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { segmentsOf } from "../../runtime/cache/inventory.ts";
import { wrongSae } from "../guard/wrong_sae.ts";
import { bits, folder, open, run, type Ran } from "../session/open.ts";

const QUERY = "memorization | take 24 | acts layer 7 | top 10";

/** Lines in a session of their own, and how many texts the model ran for the last of them. */
async function ask(at: string | null, ...lines: readonly string[]): Promise<Ran & { readonly texts: number }> {
  const session = await open({ cache: at === null ? null : { folder: at, limit: 2 ** 30 } });
  let texts = 0;
  let ran: Ran | null = null;
  for (const line of lines) {
    texts = 0;
    ran = await run(session, line, undefined, (event) => {
      if (event.kind === "progress" && event.unit === undefined) texts = Math.max(texts, event.documents);
    });
  }
  await session.close();
  return { ...ran!, texts };
}

/** Segments with activations of an SAE. */
const ofSaes = (at: string): number => segmentsOf(at).filter(({ path }) => readFileSync(path).includes(", SAE ")).length;

test("what the guard refuses is not kept, nor is it encoded from residuals that are", async () => {
  const sae = wrongSae();
  for (const how of ["disk", "residuals"]) {
    const at = folder();
    for (let time = 0; time < 2; time++) {
      const ran = await ask(at, `set cache ${how}\nset sae "${sae}"\n${QUERY}`);
      assert.equal(ran.codes, ["guard-failed"], how);
      assert.equal(ran.values, []);
      assert.is(ofSaes(at), 0, how);
    }
    // Residuals hang on no SAE, so they are there for the right one.
    const right = await ask(at, `set cache ${how}\n${QUERY}`);
    assert.is(bits(right.values), bits((await ask(null, QUERY)).values));
  }
});

test("what was computed with the guard off is no answer where it is on", async () => {
  const at = folder();
  const sae = wrongSae();
  assert.is((await ask(at, `set guard off\nset sae "${sae}"\n${QUERY}`)).outcome.exitCode, 0);
  assert.ok(ofSaes(at) > 0);
  assert.is((await ask(at, `set guard off\nset sae "${sae}"\n${QUERY}`)).texts, 0, "kept where it is off");
  assert.equal((await ask(at, `set sae "${sae}"\n${QUERY}`)).codes, ["guard-failed"]);
});

test("texts too few to judge by are kept on disk only after the SAE was found to fit", async () => {
  const at = folder();
  const few = "perfect | take 2 | acts layer 7 last 2 | count";
  assert.is((await ask(at, few)).texts, 2);
  assert.is(ofSaes(at), 0);
  await ask(at, QUERY, few);
  assert.is((await ask(at, few)).texts, 0);
});

test.run();
