/** Without this file the rest of a paste might run after Ctrl-C, or a line be lost. */
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { typedLines } from "../../repl/typed_lines.ts";

async function read(stop: number): Promise<{ readonly seen: readonly string[]; readonly left: number }> {
  const input = new PassThrough();
  const typed = typedLines(createInterface({ input, terminal: false }));
  input.write(Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join(""));
  const seen: string[] = [];
  let left = 0;
  for await (const line of typed) {
    seen.push(line);
    if (seen.length === stop) {
      left = typed.leave();
      input.write("one more\n");
    }
    if (line === "line 39999" || line === "one more") input.end();
  }
  return { seen, left };
}

test("every line that was typed ahead comes, in order", async () => {
  const { seen } = await read(-1);
  assert.is(seen.length, 40_000);
  assert.is(seen[39_999], "line 39999");
});

test("lines that wait are left and counted, and later ones come", async () => {
  const { seen, left } = await read(10);
  assert.is(left, 39_990);
  assert.equal(seen.slice(9), ["line 9", "one more"]);
});

test.run();
