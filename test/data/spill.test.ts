/** Without this file what waits on a disk could come back in another order, twice, or leave a file behind. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSpill } from "../../runtime/data/spill.ts";
import { DataError } from "../../runtime/data/error.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-spill-"));
test.after(() => rmSync(folder, { recursive: true }));

interface Piece {
  readonly at: number;
  readonly values: Float32Array;
}

const piece = (at: number, length: number): Piece => ({ at, values: new Float32Array(length + 10).fill(at + 0.5).subarray(5, 5 + length) });
const all = async (from: AsyncIterable<Piece>): Promise<readonly Piece[]> => {
  const found: Piece[] = [];
  for await (const each of from) found.push(each);
  return found;
};

test("pieces come back once, in their order, and only their own numbers; what is put next begins anew", async () => {
  const spill = createSpill<Piece>(join(folder, "out.csv"));
  assert.equal(await all(spill.drain()), []);
  assert.equal(readdirSync(folder), [], "nothing waits: no file");
  for (const round of [[1, 2, 3], [4], [5, 6]]) {
    for (const at of round) await spill.put(piece(at, at * 10_000));
    const found = await all(spill.drain());
    assert.equal(found.map(({ at, values }) => [at, values.length, new Set(values)]), round.map((at) => [at, at * 10_000, new Set([at + 0.5])]));
    assert.equal(await all(spill.drain()), []);
  }
  if (process.platform !== "win32") assert.equal(readdirSync(folder), [], "a file that waits has no name");
  await spill.discard();
  await spill.discard();
  assert.equal(readdirSync(folder), []);
});

test("a folder that is not there, and a cancel, are told as for the file itself", async () => {
  const nowhere = createSpill<number>(join(folder, "no", "out.csv"));
  const error = await nowhere.put(1).then(() => null, (thrown: unknown) => thrown);
  assert.ok(error instanceof DataError && error.code === "missing-folder");
  await nowhere.discard();
  const stop = new AbortController();
  const stopped = createSpill<number>(join(folder, "out.csv"), { signal: stop.signal });
  await stopped.put(1);
  stop.abort();
  for (const work of [stopped.put(2), stopped.drain().next()]) assert.is(await work.then(() => "", ({ name }: Error) => name), "AbortError");
  await stopped.discard();
  assert.ok(!existsSync(join(folder, "out.csv")));
});

test.run();
