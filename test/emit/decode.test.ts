/** Without this file tiles, skips and the promise of equal bits would be untested for the decoder: the parity fixtures fit in one tile. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as ort from "onnxruntime-node";
import { decodeRows, emitDecode } from "../../src/emit/decode.ts";
import { TILE } from "../../src/emit/encode.ts";
import type { Layout, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { TensorRef } from "../../src/emit/specs.ts";
import { numbers, randomSae } from "./random_weights.ts";
import { floats, int64, openGraph } from "./run_graph.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-decode-"));
test.after(() => rmSync(folder, { recursive: true }));

const D = 16;
const OUT = 24;
const M = 2 * TILE + 300;
const ROWS = 7;

function matrix(name: string, inputs: number, outputs: number, layout: Layout, bf16: boolean): { readonly ref: TensorRef; readonly at: (input: number, output: number) => number } {
  const next = numbers(inputs + outputs);
  const values = Float32Array.from({ length: inputs * outputs }, next);
  const words = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);
  const kept = bf16 ? new Float32Array(Uint32Array.from(words, (half) => half << 16).buffer) : values;
  const file = join(folder, name);
  writeFileSync(file, bf16 ? words : values);
  const shape = layout === "in_out" ? [inputs, outputs] : [outputs, inputs];
  return { ref: { file, offset: 0, length: bf16 ? words.byteLength : values.byteLength, dtype: bf16 ? "bf16" : "f32", shape }, at: (input, output) => kept[layout === "in_out" ? input * outputs + output : output * inputs + input] as number };
}

interface Feature {
  readonly row: number;
  readonly feature: number;
  readonly value: number;
}

function features(): readonly Feature[] {
  const next = numbers(5);
  return Array.from({ length: ROWS }, (_, row) => row).flatMap((row) => (row === 3 ? [] : [1, 40, TILE - 1, TILE, TILE + 77, M - 1].map((feature) => ({ row, feature: feature - (feature > 1 ? row % 2 : 0), value: 2 + next() }))));
}

async function run(sae: SaeSpec, x: Float32Array, active: readonly Feature[]): Promise<Float32Array> {
  const session = await openGraph(emitDecode(sae));
  const outputs = await session.run({
    residual: new ort.Tensor("float32", x, [x.length / D, D]),
    place: int64(active.map(({ row, feature }) => row * M + feature), [active.length, 1]),
    value: new ort.Tensor("float32", Float32Array.from(active, ({ value }) => value), [active.length]),
  });
  await session.release();
  return floats(outputs, "tap0_dense");
}

for (const layout of ["in_out", "out_in"] as const) {
  for (const bf16 of [false, true]) {
    test(`three tiles, decoder ${layout}${bf16 ? " in bfloat16" : ""}, scale, bias and skip equal the formula; rows do not depend on one another`, async () => {
      const weight = matrix(`weight-${layout}`, M, OUT, layout, bf16);
      const skip = matrix(`skip-${layout}`, D, OUT, layout === "in_out" ? "out_in" : "in_out", bf16);
      const next = numbers(9);
      const scale = Float32Array.from({ length: M }, () => 1 + next());
      const bias = Float32Array.from({ length: OUT }, next);
      const spec: SaeSpec = {
        ...randomSae(join(folder, "sae.bin"), { kind: "standard", dIn: D, dSae: M, layout: "in_out" }),
        decoder: { weight: weight.ref, layout, dOut: OUT, scale, bias, skip: { weight: skip.ref, layout: layout === "in_out" ? "out_in" : "in_out" } },
        hookOut: { layer: 1, hook: null, hookName: "blocks.1.hook_mlp_out" },
      };
      const x = Float32Array.from({ length: ROWS * D }, next);
      const active = features();
      const found = await run(spec, x, active);
      for (let row = 0; row < ROWS; row += 1) {
        for (let o = 0; o < OUT; o += 1) {
          let wanted = bias[o] as number;
          for (const each of active) if (each.row === row) wanted += each.value * (scale[each.feature] as number) * weight.at(each.feature, o);
          for (let i = 0; i < D; i += 1) wanted += (x[row * D + i] as number) * skip.at(i, o);
          assert.ok(Math.abs((found[row * OUT + o] as number) - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)), `${row} ${o}`);
        }
      }
      // The last two rows alone have the bits they have among seven.
      const few = active.filter(({ row }) => row >= ROWS - 2).map((each) => ({ ...each, row: each.row - (ROWS - 2) }));
      assert.equal(await run(spec, x.subarray((ROWS - 2) * D), few), found.subarray((ROWS - 2) * OUT));
    });
  }
}

test("no feature at all gives the bias", async () => {
  const weight = matrix("alone", M, D, "in_out", false);
  const bias = Float32Array.from({ length: D }, (_, at) => at);
  const spec: SaeSpec = { ...randomSae(join(folder, "sae.bin"), { kind: "standard", dIn: D, dSae: M, layout: "in_out" }), decoder: { weight: weight.ref, layout: "in_out", dOut: D, scale: null, bias, skip: null } };
  assert.equal(await run(spec, new Float32Array(2 * D), []), Float32Array.from([...bias, ...bias]));
});

test("rows of one call are bounded by the width of the SAE", () => {
  const wide = { dSae: 2 ** 20 } as SaeSpec;
  assert.is(decodeRows(wide, 1024), 16);
  assert.is(decodeRows({ ...wide, dSae: 100 }, 1024), 1024);
  assert.is(decodeRows({ ...wide, dSae: 2 ** 30 }, 1024), 2);
});

test.run();
