/** Without this file biases of values that heads share, in one tensor with queries and keys, would be taken away at the wrong places. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import type { GraphTap } from "../../src/emit/specs.ts";
import { ARCHITECTURES } from "../parity/kept_positions.ts";
import { readTensors } from "../parity/tensors.ts";
import { floats, forwardFeeds, openGraph } from "./run_graph.ts";

interface Shared {
  readonly fixture: string;
  readonly qkv: string;
  readonly norm: string;
  /** Heads, key-value heads, columns of a head. */
  readonly shape: readonly [number, number, number];
  /** Row of a column of z among those of queries, keys and values. */
  readonly row: (column: number) => number;
}

const CASES: readonly Shared[] = [
  // Two queries and a key of its group stand before a value.
  { fixture: "falcon_grouped", qkv: "transformer.h.1.self_attention.query_key_value", norm: "transformer.h.1.ln_attn", shape: [4, 2, 16], row: (column) => Math.floor(column / 32) * 64 + 48 + (column % 16) },
  // All four queries and the one key.
  { fixture: "bigcode_shared", qkv: "transformer.h.1.attn.c_attn", norm: "transformer.h.1.ln_1", shape: [4, 1, 8], row: (column) => 40 + (column % 8) },
];

for (const { fixture, qkv, norm, shape, row } of CASES) {
  test(`z of ${fixture} without its value biases is less by those of the group of each head, and by what the norm's bias makes of them`, async () => {
    const folder = join(ARCHITECTURES, fixture);
    const { spec } = await readModel(folder);
    const { heads, kvHeads, headDim, hiddenSize } = spec;
    assert.equal([heads, kvHeads, headDim], shape);
    const taps = [{ layer: 1, hook: "z", sae: null }, { layer: 1, hook: "z", folded: "values", sae: null }, { layer: 1, hook: "z", folded: "with_norm", sae: null }] as const satisfies readonly GraphTap[];
    const session = await openGraph(emitForward(spec, taps, { blocks: null, slice: true }));
    const outputs = await session.run(forwardFeeds([[3, 14, 15, 9, 26]]));
    await session.release();
    const tensors = await readTensors(join(folder, "model.safetensors"));
    const [bias, weight, shift] = [`${qkv}.bias`, `${qkv}.weight`, `${norm}.bias`].map((name) => tensors.get(name)!) as [Float32Array, Float32Array, Float32Array];
    const width = heads * headDim;
    const through = (column: number): number => shift.reduce((sum, value, at) => sum + value * (weight[row(column) * hiddenSize + at] as number), 0);
    const [whole, values, withNorm] = [0, 1, 2].map((tap) => floats(outputs, `tap${tap}_dense`)) as [Float32Array, Float32Array, Float32Array];
    for (let at = 0; at < 5 * width; at += 1) {
      const column = at % width;
      const own = bias[row(column)] as number;
      assert.ok(Math.abs(whole[at]! - values[at]! - own) < 1e-5, `values, ${at}`);
      assert.ok(Math.abs(whole[at]! - withNorm[at]! - own - through(column)) < 1e-4, `with the norm, ${at}`);
    }
    assert.ok(bias.some((value) => Math.abs(value) > 0.1) && shift.some((value) => Math.abs(value) > 0.1));
  });
}

test.run();
