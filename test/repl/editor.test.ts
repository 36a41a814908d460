/** Without this file an editor that is not there would leave people with a line that does nothing, and no word about it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { editOutside, type Edited } from "../../repl/editor.ts";
import { folder } from "../session/open.ts";

/** With other variables, for the time of one edit. */
async function under(env: Readonly<Record<string, string>>, text: string): Promise<Edited> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    return await editOutside(text);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

test("what the editor left comes back, and why nothing did", async () => {
  const editor = join(folder(), "editor.mjs");
  writeFileSync(editor, 'import { readFileSync, writeFileSync } from "node:fs"; writeFileSync(process.argv[2], `${readFileSync(process.argv[2], "utf8")} | count\\n\\n`);');
  assert.equal(await under({ VISUAL: `${process.execPath} ${editor}` }, "perfect"), { text: "perfect | count" });
  assert.match(JSON.stringify(await under({ VISUAL: "/nowhere/an_editor" }, "perfect")), "could not be started; set EDITOR");
  assert.match(JSON.stringify(await under({ VISUAL: `${process.execPath} -e process.exit(3) --` }, "perfect")), "exit code 3; the line is as it was");
  assert.match(JSON.stringify(await under({ VISUAL: "vi", TMPDIR: join(folder(), "not there") }, "perfect")), "could not be handed to an editor");
});

test.run();
