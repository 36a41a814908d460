/** Without this file a path that was written from the folder of the project would be refused in a script below it, and nobody would say why. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, open, run } from "./open.ts";

const FILES = { "x.jinja": "{{ messages[0].content }}", "d.csv": "a\n1\n", "lib/near.jinja": "{{ messages[0].content }}", "one.saeq": "def one(x: table) = x | take 1" };

/** The one mistake of a script in `lib`, and the script as it is mended. */
async function mended(text: string, below = "lib"): Promise<readonly [codes: readonly string[], fixed: string | null, again: readonly string[]]> {
  const path = folder(FILES);
  mkdirSync(join(path, below), { recursive: true });
  const session = await open({ readFrom: join(path, below), writeTo: path, measured: false });
  const { codes, outcome } = await run(session, text);
  const fix = outcome.diagnostics.find(({ code }) => code === "missing-file")?.fix;
  const fixed = fix === undefined ? null : text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
  const again = fixed === null ? [] : (await run(session, fixed)).codes;
  await session.close();
  return [codes, fixed, again];
}

test("a file that lies above the script is offered by its path from there", async () => {
  assert.equal(await mended('csv "d.csv" | count'), [["missing-file"], 'csv "../d.csv" | count', []]);
  assert.equal(await mended('csv "./d.csv" | count'), [["missing-file"], 'csv "../d.csv" | count', []]);
  assert.equal(await mended('prompts "a" | chat template "x.jinja" ending closed | count'), [["missing-file"], 'prompts "a" | chat template "../x.jinja" ending closed | count', []]);
  assert.equal(await mended('use "one.saeq" as o'), [["missing-file"], 'use "../one.saeq" as o', []]);
  assert.equal(await mended('csv "d.csv" | count', "lib/inner"), [["missing-file"], 'csv "../../d.csv" | count', []]);
  assert.equal((await mended('csv "d.csv" | count', "lib/inner/deep"))[1], null);
  assert.equal((await mended('csv "../../gone.csv" | count'))[1], null);
});

test("a template of nearly that name is offered in its place, and not as a stage", async () => {
  assert.equal(await mended('prompts "a" | chat template "neer.jinja" | count'), [["missing-file"], 'prompts "a" | chat template "near.jinja" | count', []]);
});

test.run();
