/** Without this file generated files would go stale. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reference } from "../../src/assist/reference.ts";
import { generate } from "../../src/stages/generate_mod.ts";
import { ROOT } from "./files.ts";

test("the list of stages is what `npm run gen` writes", () => {
  assert.fixture(readFileSync(join(ROOT, "src/stages/mod.ts"), "utf8"), generate());
});

test("the reference is what `npm run gen` writes", () => {
  assert.fixture(readFileSync(join(ROOT, "docs/reference.md"), "utf8"), reference());
});

test.run();
