/** Without this file a test file could change the environment of all others: uvu loads every file before it runs the first test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { filesBelow, ROOT } from "./files.ts";

/** Ink reads CI, and Vulkan's loader its driver, when they are loaded; no other test looks at either. */
const KNOWN = ["test/devices/webgpu.test.ts", "test/repl/app.test.ts"];

test("no test file changes the process while it is loaded", () => {
  const changing = filesBelow("test")
    .filter((name) => name.endsWith(".test.ts") && !KNOWN.includes(name))
    .filter((name) => /^(process\.(env|umask|chdir|seteuid|exitCode)|delete process\.env|Object\.assign\(process\.env)/m.test(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(changing, []);
});

test.run();
