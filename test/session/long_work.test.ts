/** Without this file a long join, or long texts that become tokens, could look dead and hear nobody. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ProgressEvent } from "../../runtime/session/session_port.ts";
import { folder, open, run } from "./open.ts";

const WORDS = "in the beginning god created the heaven and the earth and the earth was without form and void ";
const FILES = {
  "same.csv": `k,v\n${Array.from({ length: 5_000 }, (_, i) => `1,${i}`).join("\n")}\n`,
  "book.txt": WORDS.repeat(40_000),
  "texts.csv": `text\n${Array.from({ length: 400 }, (_, i) => `${i} ${WORDS.repeat(100)}`).join("\n")}\n`,
};

for (const [name, text] of Object.entries({
  "a join": 'let a = csv "same.csv"\na | join a on k suffix "_other" | count',
  "a text that is cut into pieces": 'text "book.txt" whole | chunk 64 | count',
  "texts that become tokens": 'set long truncate\ncsv "texts.csv" | tokenize | count',
})) {
  test(`${name}: progress is told, and a cancel is heard at once`, async () => {
    const session = await open({ readFrom: folder(FILES) });
    try {
      const cancel = new AbortController();
      const told: ProgressEvent[] = [];
      const { outcome } = await run(session, text, cancel.signal, (event) => {
        if (event.kind !== "progress") return;
        told.push(event);
        cancel.abort();
      });
      assert.ok(outcome.cancelled);
      assert.is(outcome.exitCode, 130);
      assert.is(told[0]?.unit, "work");
      // One more says that it is over.
      assert.ok(told.length <= 2, `${told.length} reports after the first`);
    } finally {
      await session.close();
    }
  });
}

test.run();
