/** Without this file a file that cannot be read could end the REPL while its name is still being typed. */
import { setTimeout as later } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Catalog } from "../../runtime/catalog/catalog.ts";
import { START } from "../../runtime/session/start_settings.ts";
import { createTyping } from "../../runtime/session/typing.ts";

test("a look-up that fails is nobody's fault yet, and is made again for the next key", async () => {
  let asked = 0;
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const catalog = { inputPath: (path: string) => path, lookUp: async () => (asked++, Promise.reject(new Error("the disk failed"))) } as unknown as Catalog;
  const scope = { relations: new Map(), standard: new Map(), params: new Map(), stages: new Map(), absent: new Map(), base: "", settings: { ...START, seed: "1" } };
  const typing = createTyping({ catalog, scope: () => scope, facts: () => new Map(), params: {}, interactive: true, learn: () => assert.unreachable() });
  try {
    for (let key = 0; key < 2; key++) {
      typing.complete('csv "a.csv" | ', 14);
      await later(30);
    }
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.is(asked, 2);
  assert.equal(unhandled, []);
});

test.run();
