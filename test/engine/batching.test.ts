/** Without this file nothing would show that batches stay short, padded little, and cut back to the documents they came from. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrange, assemble, budget, cut, guessPace, MOST_ROWS, observe, take } from "../../runtime/engine/batching.ts";
import type { Document } from "../../runtime/engine/port.ts";

const document = (length: number, wanted: readonly number[] = [length - 1]): Document => ({ ids: new Int32Array(length).fill(length), wanted: Uint32Array.from(wanted) });

test("longest first, ties by number, and none that wants nothing", () => {
  assert.equal([...arrange([document(3), document(9), document(3), document(9, []), document(4)])], [1, 4, 0, 2]);
});

test("a batch ends at its budget, at too much padding, at too many rows", () => {
  const even = Array.from({ length: 10 }, () => document(10));
  const order = arrange(even);
  assert.is(take(even, order, 0, 45, null), 4);
  assert.is(take(even, order, 0, 1, null), 1);
  assert.is(take(even, order, 8, 1000, null), 2);
  assert.is(take(even, order, 0, 1, 7), 7);
  assert.is(take(even, order, 8, 1, 7), 2);
  const uneven = [document(100), document(95), document(20), document(20)];
  assert.is(take(uneven, arrange(uneven), 0, 10_000, null), 2);
  const wide = Array.from({ length: 3 }, () => document(600, Array.from({ length: 600 }, (_, i) => i)));
  assert.is(take(wide, arrange(wide), 0, 10_000, null), Math.floor(MOST_ROWS / 600));
});

test("budgets follow the measured pace; parts of a job are equal, smaller at its end, and never beyond the memory", () => {
  const pace = guessPace(1e9);
  const at = (total: number, left: number, lanes: number, most = 4096): number => Math.round(budget(pace, { total, left }, lanes, most));
  assert.is(at(1e6, 1e6, 1), 512, "the fixed cost of a run wants company");
  assert.is(Math.round(budget(guessPace(1e9, true), { total: 1e6, left: 1e6 }, 1, 4096)), 1024, "more of it where each token uses few of the weights");
  observe(pace, 1000, 100);
  assert.is(at(1e6, 1e6, 1), 2500);
  assert.is(at(3000, 3000, 2), 1500);
  assert.is(at(7000, 7000, 2), 3500, "one round of 3500 rather than two of 1750");
  assert.is(at(8000, 8000, 2), 2000);
  assert.is(at(1e6, 3000, 2), 1500, "the end is shared");
  assert.is(at(1e6, 1000, 2), 512, "in parts that are quick");
  assert.is(at(1e6, 600, 2), 600, "and without a scrap");
  assert.is(at(10, 10, 2), 256);
  assert.is(at(1e6, 1e6, 1, 300), 300);
  observe(pace, 1000, 500);
  assert.is(at(3e6, 3e6, 1), 1500);
  observe(pace, 1e9, 1);
  assert.is(at(4096e3, 4096e3, 1), 4096);
});

test("20 equal texts are four batches of five, 12 are two of six, whatever their length", () => {
  const sizes = (texts: number, length: number, lanes: number, memory = 4096): readonly number[] => {
    const documents = Array.from({ length: texts }, () => document(length));
    const pace = guessPace(1e10);
    const found: number[] = [];
    for (let from = 0; from < texts; from += found.at(-1)!) {
      const room = budget(pace, { total: texts * length, left: (texts - from) * length }, lanes, memory, length);
      found.push(take(documents, arrange(documents), from, room, null));
    }
    return found;
  };
  assert.equal(sizes(20, 101, 2), [5, 5, 5, 5]);
  assert.equal(sizes(12, 101, 2), [6, 6]);
  assert.equal(sizes(5, 101, 2), [3, 2]);
  assert.equal(sizes(21, 101, 2), [5, 5, 5, 6]);
  assert.equal(sizes(20, 101, 2, 256), Array(10).fill(2));
  assert.equal(sizes(4, 900, 2), [1, 1, 1, 1]);
  assert.equal(sizes(300, 10, 2), Array(6).fill(50));
});

test("feeds: even columns, padding on the right, flat wanted rows", () => {
  const batch = assemble([document(3, [0, 2]), document(2, []), document(1, [0])], Uint32Array.of(0, 2));
  const { input_ids, layout, lengths, total, wanted } = batch.feeds;
  assert.equal(input_ids!.dims, [2, 4]);
  assert.equal([...(input_ids!.data as BigInt64Array)].map(Number), [3, 3, 3, 0, 1, 0, 0, 0]);
  assert.equal([...(layout!.data as BigInt64Array)].map(Number), [2, 4, -1]);
  assert.equal([...lengths!.data], [4, 4]);
  assert.equal([...total!.data], [4]);
  assert.equal([...(wanted!.data as BigInt64Array)].map(Number), [0, 2, 4]);
  assert.equal([...batch.rowStart], [0, 2, 3]);
});

test("one token and one wanted row are doubled, and the double vanishes", () => {
  const batch = assemble([document(1)], Uint32Array.of(0));
  assert.equal(batch.feeds["input_ids"]!.dims, [1, 2]);
  assert.equal([...(batch.feeds["wanted"]!.data as BigInt64Array)].map(Number), [0, 0]);
  const ints = (...data: number[]) => ({ type: "int32", data: Int32Array.from(data), dims: [data.length] }) as const;
  const floats = (...data: number[]) => ({ type: "float32", data: Float32Array.from(data), dims: [2, data.length / 2] }) as const;
  const outputs = { tap0_row: ints(0, 0, 1, 1), tap0_feature: ints(2, 5, 2, 5), tap0_value: floats(1, 2, 1, 2), tap1_dense: floats(7, 8, 7, 8) };
  assert.equal(cut(outputs, 0, batch.rowStart), [{ kind: "sparse", indptr: Uint32Array.of(0, 2), indices: Uint32Array.of(2, 5), values: Float32Array.of(1, 2) }]);
  assert.equal(cut(outputs, 1, batch.rowStart), [{ kind: "dense", width: 2, values: Float32Array.of(7, 8) }]);
  assert.throws(() => cut(outputs, 2, batch.rowStart), /no outputs for tap 2/);
});

test("triples are cut at documents, rows without features among them", () => {
  const ints = (...data: number[]) => ({ type: "int32", data: Int32Array.from(data), dims: [data.length] }) as const;
  const outputs = { tap0_row: ints(1, 1, 3, 5), tap0_feature: ints(0, 9, 4, 4), tap0_value: { type: "float32", data: Float32Array.of(1, 2, 3, 4), dims: [4] } as const };
  const parts = cut(outputs, 0, Uint32Array.of(0, 3, 3, 6));
  assert.equal(parts.map((part) => part.kind === "sparse" && [...part.indptr]), [[0, 0, 2, 2], [0], [0, 1, 1, 2]]);
  assert.equal(parts.map((part) => part.kind === "sparse" && [...part.indices]), [[0, 9], [], [4, 4]]);
});

test.run();
