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

test("z of a Falcon without its value biases is less by those of the group of each head, and by what the norm's bias makes of them", async () => {
  const folder = join(ARCHITECTURES, "falcon_grouped");
  const { spec } = await readModel(folder);
  const { heads, kvHeads, headDim, hiddenSize } = spec;
  assert.equal([heads, kvHeads, headDim], [4, 2, 16]);
  const taps = [{ layer: 1, hook: "z", sae: null }, { layer: 1, hook: "z", folded: "values", sae: null }, { layer: 1, hook: "z", folded: "with_norm", sae: null }] as const satisfies readonly GraphTap[];
  const session = await openGraph(emitForward(spec, taps, { blocks: null, slice: true }));
  const outputs = await session.run(forwardFeeds([[3, 14, 15, 9, 26]]));
  await session.release();
  const tensors = await readTensors(join(folder, "model.safetensors"));
  const of = (name: string): Float32Array => tensors.get(`transformer.h.1.${name}`)!;
  const [bias, weight, shift] = [of("self_attention.query_key_value.bias"), of("self_attention.query_key_value.weight"), of("ln_attn.bias")];
  const width = heads * headDim;
  /** Row of the value column: behind two queries and a key of its group. */
  const row = (column: number): number => Math.floor(column / headDim / 2) * 4 * headDim + 3 * headDim + (column % headDim);
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

test.run();
