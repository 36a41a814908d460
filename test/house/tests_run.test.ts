/** Without this file a test file that forgets to run would pass in silence. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { filesBelow, ROOT, sourceFiles } from "./files.ts";

test("every test file runs its tests", () => {
  const silent = filesBelow("test").filter((name) => name.endsWith(".test.ts") && !/\.run\(\);/.test(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(silent, []);
});

test("every test file stands in a folder, by which all are run", () => {
  const outside = filesBelow("test").filter((name) => /^test[\\/][^\\/]*\.test\.ts$/.test(name));
  assert.equal(outside, []);
});

test("no test is left alone or left out", () => {
  const marked = filesBelow("test").filter((name) => name.endsWith(".test.ts") && /\b(test|suite)\.only\(/.test(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(marked, []);
});

test("every source file opens with what would be missing without it", () => {
  const mute = sourceFiles().filter((name) => !name.endsWith(".d.ts") && !/^(#!.*\n)?\/\*\*?\s+(\*\s+)?[^\n]{10,}/.test(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(mute, []);
});

test("no file has a name that explains nothing", () => {
  const vague = sourceFiles().filter((name) => /(^|\/)(utils?|helpers?|common|misc|manager|service|index)(\/|\.ts$)/.test(name));
  assert.equal(vague, []);
});

test.run();
