/** Without this file a result that is known already could swallow what its line shows and saves on the way. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, open, run } from "./open.ts";

const PASS = "memorization | take 3 | acts layer 7 last 3";

test("a side is shown each time its line is run, whether or not the main line is known, with and without rules", async () => {
  for (const rules of [{}, { rules: [] }]) {
    const session = await open({ interactive: true, ...rules });
    const kinds = async (text: string): Promise<readonly string[]> => (await run(session, text)).values.map(({ kind }) => kind);
    assert.equal(await kinds(`${PASS} | top 5`), ["features"]);
    assert.equal(await kinds(`${PASS} | tee (stats) | top 5`), ["table", "features"]);
    assert.equal(await kinds(`${PASS} | tee (stats) | top 5`), ["table", "features"]);
    assert.equal(await kinds("_ | where count > 1"), ["table"], "what `_` showed is not shown again");
    assert.equal(await kinds(`let x = ${PASS} | tee (stats) | top 3; x | count; x | take 2`), ["table", "table", "table"], "once for one `let`");
    assert.equal(await kinds("x | take 1"), ["table"]);
    await session.close();
  }
});

test("a file on the way is written again", async () => {
  const at = folder();
  const session = await open({ writeTo: at });
  const line = 'memorization | take 3 | save "three.csv" | sort matching_tokens | take 1';
  await run(session, line);
  const first = readFileSync(join(at, "three.csv"), "utf8");
  rmSync(join(at, "three.csv"));
  await run(session, line);
  assert.is(readFileSync(join(at, "three.csv"), "utf8"), first);
  await session.close();
});

test("a folder that is not there is told before anything runs, each once; what is saved already is not asked again", async () => {
  const at = folder();
  const session = await open({ interactive: true, writeTo: at });
  const lines = `${PASS} | top 3 | save "a.csv"\nmemorization | take 1 | save "no/b.csv" | save "no/c.json"\nmemorization | take 2 | save "no/deeper/d.csv"`;
  const refused = await run(session, lines);
  assert.equal(refused.codes, ["missing-folder", "missing-folder"]);
  assert.equal(refused.events.map(({ kind }) => kind), ["diagnostic", "diagnostic"], "nothing was read, computed or shown");
  assert.equal(readdirSync(at), []);
  mkdirSync(join(at, "a"));
  writeFileSync(join(at, "file"), "");
  assert.equal((await run(session, 'memorization | take 1 | save "file/x.csv"')).codes, ["missing-folder"]);
  mkdirSync(join(at, "x.csv"));
  assert.equal((await run(session, `${PASS} | top 3 | save "x.csv"`)).codes, ["not-a-file"]);
  assert.equal((await run(session, 'memorization | take 1 | save "no/b.csv" | explain')).codes, [], "what is only explained is not saved");
  assert.equal((await run(session, 'memorization | take 1 | save "no/b.csv" | explain analyze')).events.map(({ kind }) => kind), ["diagnostic"]);
  assert.equal((await run(session, 'let kept = memorization | take 2 | save "a/two.csv" | sort matching_tokens; kept | count')).codes, []);
  rmSync(join(at, "a"), { recursive: true });
  assert.equal((await run(session, "kept | take 1")).codes, []);
  await session.close();
});

test.run();
