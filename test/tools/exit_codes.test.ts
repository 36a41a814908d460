/** Without these tests saeq could end with a code that nobody explains. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT_CODES } from "../../repl/exit_codes.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

test("every exit code in the sources is explained", () => {
  const files = [...filesBelow("repl/subcommands"), "repl/main.ts", "repl/headless.ts", "runtime/session/session.ts", "runtime/session/failure.ts"];
  const found = files.flatMap((name) => [...readFileSync(join(ROOT, name), "utf8").matchAll(/exitCode: (\d+)|process\.exit\((\d+)\)|\bcode = (\d+)|told\(.*, (\d+)\)/g)].flatMap((match) => match.slice(1).filter((each) => each !== undefined)));
  assert.ok(found.length > 5);
  assert.equal([...new Set(found)].filter((code) => !Object.hasOwn(EXIT_CODES, code)), []);
  assert.match(saeq(["doc", "exit-codes"], { cwd: folder() }).stdout, / {2}7 {2}An `assert` does not hold\n/);
});

test.run();
