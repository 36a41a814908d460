/** Without this file the name of a checkpoint could depend on how quickly its files are read, and a cache would miss what it has, or mistake one for another. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { digest } from "../../runtime/checkpoint/digest.ts";
import { fewAtOnce } from "../../runtime/checkpoint/few_at_once.ts";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";

const test = suite("digest");
const folder = mkdtempSync(join(tmpdir(), "saeq-digest-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A file with one vector and one matrix of float32, of the bytes that depend on `seed`. */
function shard(seed: number, rows: number): { readonly path: string; readonly header: Buffer; readonly data: Buffer } {
  const vector = 16;
  const data = Buffer.from(Uint8Array.from({ length: 4 * (vector + rows * 64) }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 255));
  const text = JSON.stringify({ bias: { dtype: "F32", shape: [vector], data_offsets: [0, 4 * vector] }, weight: { dtype: "F32", shape: [rows, 64], data_offsets: [4 * vector, data.length] } });
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = join(folder, `${seed}.safetensors`);
  writeFileSync(path, Buffer.concat([length, header, data]));
  return { path, header, data };
}

/** Small files, whose blocks are all of them, and large ones, of which 65 are read; more than are read together. */
const SHARDS = Array.from({ length: 11 }, (_, i) => shard(i, i % 3 === 0 ? 40 : 1600));

/** As the description of `digest` says, from the bytes. */
function expected(): string {
  const hash = createHash("sha256").update("6:a text");
  for (const { header, data } of SHARDS) {
    const start = 8 + header.length;
    const size = start + data.length;
    hash.update(`${header.length}:`).update(header).update(`${String(size).length}:${size}`).update(data.subarray(0, 64));
    if (data.length - 4096 <= 64 * 4096) hash.update(data);
    else for (let at = 0; at <= 64; at++) hash.update(data.subarray(Math.floor(((data.length - 4096) * at) / 64)).subarray(0, 4096));
  }
  return hash.digest("hex");
}

const found = async (): Promise<string> => digest(["a text"], await Promise.all(SHARDS.map(({ path }) => readSafetensors(path))));

test("it is what its description says", async () => {
  assert.is(await found(), expected());
});

test("a disk that answers slowly gives the same", async () => {
  const usual = performance.now;
  let clock = 0;
  // Every read seems to take 5 ms.
  performance.now = () => (clock += 5);
  try {
    assert.is(await found(), expected());
  } finally {
    performance.now = usual;
  }
});

test("a file that became shorter is told by its name", async () => {
  const { path, header, data } = shard(99, 1600);
  const read = await readSafetensors(path);
  writeFileSync(path, Buffer.concat([Buffer.alloc(8), header, data.subarray(0, 1000)]));
  try {
    await digest([], [read]);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /99\.safetensors ended \d+ bytes early/);
  }
});

test("a few at once: in order, the first that fails is thrown, and nothing goes on behind it", async () => {
  let going = 0;
  let most = 0;
  const wait = async (item: number): Promise<number> => {
    most = Math.max(most, ++going);
    await new Promise((resolve) => setTimeout(resolve, item % 3));
    going--;
    if (item === 13 || item === 15) throw new Error(`item ${item}`);
    return item * item;
  };
  const seen: number[] = [];
  try {
    for await (const [item, square] of fewAtOnce(Array.from({ length: 40 }, (_, i) => i), wait)) {
      assert.is(square, item * item);
      seen.push(item);
    }
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "item 13");
  }
  assert.equal(seen, Array.from({ length: 13 }, (_, i) => i));
  assert.is(going, 0);
  assert.is(most, 8);
});

test.run();
