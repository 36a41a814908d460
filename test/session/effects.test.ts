/** Without this file a result that is known already could swallow what its line shows and saves on the way. */
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

test("nothing is saved over what is read, by whatever name, and no two values under one name", async () => {
  const at = folder({ "bom.csv": "a\n1\n2\n", "other.csv": "a\n7\n" });
  symlinkSync(join(at, "bom.csv"), join(at, "link.csv"));
  symlinkSync(at, join(at, "here"));
  const session = await open({ readFrom: at, writeTo: at });
  const before = readdirSync(at);
  for (const [query, code] of [
    ['csv "bom.csv" | take 1 | save "bom.csv"', "overwrites-input"],
    ['csv "link.csv" | take 1 | save "bom.csv"', "overwrites-input"],
    ['csv "bom.csv" | take 1 | save "here/link.csv"', "overwrites-input"],
    ['prompts "a" | save "bom.csv"\nlet later = csv "bom.csv"', "overwrites-input"],
    ['def twice(x: table) = x | save "bom.csv"\ncsv "bom.csv" | twice', "overwrites-input"],
    ['csv "bom.csv" | tee (take 1 | save "bom.csv") | count', "overwrites-input"],
    ['csv "bom.csv" | save "new.csv"; csv "bom.csv" | count | save "here/new.csv"', "saved-twice"],
    ['csv "bom.csv" | save "new.csv" | count | save "new.csv"', "saved-twice"],
  ] as const) {
    const { codes, events, outcome } = await run(session, query);
    assert.equal(codes, [code], query);
    assert.equal(events.map(({ kind }) => kind), ["diagnostic"], "nothing ran");
    assert.is(outcome.exitCode, 3);
  }
  assert.equal((await run(session, `csv "bom.csv" | save "${"long".repeat(80)}.csv"`)).codes, ["write-failed"]);
  assert.equal(readdirSync(at), before);
  assert.is(readFileSync(join(at, "bom.csv"), "utf8"), "a\n1\n2\n");
  for (const query of [
    'let kept = csv "bom.csv" | save "new.csv"; kept | count; kept | take 1',
    'csv "bom.csv" | save "new.csv"; csv "bom.csv" | save "new.csv"',
    'csv "bom.csv" | save "bom.csv" | explain',
    'csv "other.csv" | save "new.csv"',
  ]) assert.equal((await run(session, query)).codes, [], query);
  await session.close();
  const typed = await open({ readFrom: at, writeTo: at, interactive: true });
  await run(typed, 'let t = csv "bom.csv"');
  assert.equal((await run(typed, 't | take 1 | save "bom.csv"')).codes, ["overwrites-input"]);
  assert.equal((await run(typed, 't | take 1 | save "again.csv"')).codes, []);
  assert.equal((await run(typed, 't | take 2 | save "again.csv"')).codes, [], "the next line saves anew");
  await typed.close();
});

test.run();
