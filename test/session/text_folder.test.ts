/** Without this file texts in files of their own could come in another order, be read without being granted, or be kept when they have changed. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Table, Value } from "../../runtime/data/frame.ts";
import { plansOf } from "../../src/lint/plans.ts";
import { usedBy } from "../../runtime/record/used.ts";
import { folder, open, run } from "./open.ts";

const FILES = { "b.txt": "two\nlines\n", "a.txt": "one", "B.TXT": "upper", ".hidden.txt": "not read", "c.md": "not read" };

function place(files: Readonly<Record<string, string>> = FILES): string {
  const at = folder();
  mkdirSync(join(at, "docs", "inner.txt"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, "docs", name), text);
  return at;
}

const cells = (value: Value | undefined): unknown[] => (value as Table).columns.map(({ name, values }) => [name, ...Array.from(values as ArrayLike<unknown>)]);

test("a folder is its text files by name, a line or a file to a row", async () => {
  const session = await open({ readFrom: place() });
  const { values, codes } = await run(session, 'text "docs"\ntext "docs/" whole\ntext "docs/b.txt" whole');
  assert.equal(codes, []);
  assert.equal(cells(values[0]), [["file", "B.TXT", "a.txt", "b.txt", "b.txt"], ["text", "upper", "one", "two", "lines"]]);
  assert.equal(cells(values[1]), [["file", "B.TXT", "a.txt", "b.txt"], ["text", "upper", "one", "two\nlines"]]);
  assert.equal(cells(values[2]), [["file", "b.txt"], ["text", "two\nlines"]]);
  await session.close();
});

test("each file is an input of its own, by its path and content", async () => {
  const session = await open({ readFrom: place() });
  const { compiled } = await session.check({ name: "x", text: 'text "docs" whole | count' });
  const { data } = usedBy(plansOf(compiled!));
  assert.equal([...data.keys()], ["docs/B.TXT", "docs/a.txt", "docs/b.txt"]);
  assert.is(new Set([...data.values()].map(({ digest }) => digest)).size, 3);
  await session.close();
});

test("the folder and each of its files have to be granted, and so has what a link leads to", async () => {
  const at = place();
  const outside = folder({ "secret.txt": "secret" });
  const codes = async (read: readonly string[]): Promise<readonly string[]> => {
    const session = await open({ readFrom: at, grants: { read: read.map((name) => join(at, name)), write: [] } });
    const { codes } = await run(session, 'text "docs" | count');
    await session.close();
    return [...new Set(codes)];
  };
  assert.equal(await codes(["docs"]), []);
  assert.equal(await codes(["docs/a.txt"]), ["permission-denied"]);
  assert.equal(await codes([]), ["permission-denied"]);
  symlinkSync(join(outside, "secret.txt"), join(at, "docs", "z.txt"));
  assert.equal(await codes(["docs"]), ["permission-denied"]);
});

test("a file that is changed, added or taken away is seen by the next run", async () => {
  const at = place();
  const session = await open({ readFrom: at, interactive: true });
  const texts = async (): Promise<unknown> => cells((await run(session, 'text "docs" whole')).values[0])[1];
  assert.equal(await texts(), ["text", "upper", "one", "two\nlines"]);
  writeFileSync(join(at, "docs", "a.txt"), "other");
  writeFileSync(join(at, "docs", "d.txt"), "new");
  assert.equal(await texts(), ["text", "upper", "other", "two\nlines", "new"]);
  await session.close();
});

test("a folder without text files, an empty file and a file that is none are named", async () => {
  for (const [files, message] of [[{ "c.md": "x" }, /no file in the folder docs ends in \.txt/], [{ "a.txt": "", "b.txt": "x" }, /docs\/a\.txt is empty/], [{ "a.txt": "x\0y" }, /docs\/a\.txt: there is a NUL byte/]] as const) {
    const session = await open({ readFrom: place(files) });
    const { outcome } = await run(session, 'text "docs" whole');
    assert.match(outcome.diagnostics[0]?.message ?? "", message);
    assert.is(outcome.diagnostics.length, 1);
    await session.close();
  }
});

test.run();
