/** Without this file what is kept of earlier tokens, and what looking back costs, would be seen only in long texts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { blockFlops } from "../../src/emit/block.ts";
import { carriesState, keptTensors, lookingFlops, projections } from "../../src/emit/mixer.ts";
import { randomModel } from "./random_weights.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-mixer-"));
test.after(() => rmSync(folder, { recursive: true }));
const hybrid = randomModel(join(folder, "hybrid.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, delta: { keyHeads: 2, valueHeads: 4, keyDim: 8, valueDim: 12, kernel: 3 } });

test("keys and values grow with the text; what linear attention keeps does not", () => {
  assert.equal(hybrid.blocks.map((block) => keptTensors(hybrid, block).map(({ name, past, present }) => [name, past, present])), [
    [["conv", ["B", 2, 80], ["B", 2, 80]], ["state", ["B", 4, 8, 12], ["B", 4, 8, 12]]],
    [["key", ["B", 2, "P", 16], ["B", 2, "P+T", 16]], ["value", ["B", 2, "P", 16], ["B", 2, "P+T", 16]]],
  ]);
});

test("operations are those of the products and of looking back, which only attention has more of in longer texts", () => {
  const delta = 80 * 48 + 48 * 48 + 2 * 4 * 48 + 48 * 48;
  const attention = 2 * 64 * 48 + 2 * 32 * 48 + 48 * 64;
  assert.is(blockFlops(hybrid, 1), 2 * (delta + 3 * 80 * 48));
  assert.is(blockFlops(hybrid, 2), 2 * (delta + attention + 2 * 3 * 80 * 48));
  assert.is(lookingFlops(hybrid, 1, 1000), 8 * 4 * 8 * 12);
  assert.is(lookingFlops(hybrid, 2, 1000) - lookingFlops(hybrid, 2, 500), 4 * 500 * 4 * 16);
  assert.is(projections(hybrid.blocks[1]!.attention).length, 4);
});

test("a convolution keeps the last tokens that went into it, and costs as much in any text", () => {
  const convolving = randomModel(join(folder, "convolving.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, convolution: 4 });
  assert.equal(keptTensors(convolving, convolving.blocks[0]!), [{ name: "conv", past: ["B", 3, 48], present: ["B", 3, 48] }]);
  assert.equal(convolving.blocks.map(carriesState), [true, false]);
  assert.is(blockFlops(convolving, 1), 2 * (4 * 48 * 48 + 3 * 80 * 48));
  assert.is(lookingFlops(convolving, 1, 1000), (2 * 4 + 2) * 48);
  assert.is(lookingFlops(convolving, 1, 10), lookingFlops(convolving, 1, 1000));
});

test("maps by key head are as many operations as maps apart", () => {
  const fused = randomModel(join(folder, "fused.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, delta: { keyHeads: 2, valueHeads: 4, keyDim: 8, valueDim: 12, kernel: 3, byKeyHead: true } });
  assert.is(projections(fused.blocks[0]!.attention).length, 3);
  assert.is(blockFlops(fused, 2), blockFlops(hybrid, 2));
});

test.run();
