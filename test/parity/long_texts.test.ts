/** Without these tests a text could be read up to 8,192 tokens and no further, or be read wrongly from there on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { positionsFor } from "../../src/emit/rope.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { floats, forwardFeeds, openGraph } from "../emit/run_graph.ts";
import { relativeErrors } from "./tensors.ts";

const expected = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/long_texts.json"), "utf8")) as { readonly length: number; readonly context: number; readonly layer: number; readonly positions: readonly number[]; readonly residuals: Readonly<Record<string, readonly (readonly number[])[]>> };
const ids = Array.from({ length: expected.length }, (_, at) => 3 + ((at * 7919) % 50));

async function read(model: DecoderSpec, documents: readonly (readonly number[])[], longest: number): Promise<Float32Array> {
  const session = await openGraph(emitForward(model, [{ layer: expected.layer, hook: "resid_post", sae: null }], { blocks: null, slice: true, longest }));
  const outputs = await session.run(forwardFeeds(documents));
  await session.release();
  return floats(outputs, "tap0_dense");
}

for (const [name, rows] of Object.entries(expected.residuals)) {
  test(`${name}: ${expected.length} tokens as transformers reads them (make_long_texts.py); a longer table of positions changes no bit`, async () => {
    const model: DecoderSpec = { ...(await readModel(join(import.meta.dirname, "architectures", name))).spec, context: expected.context };
    const d = model.hiddenSize;
    const ours = await read(model, [ids], ids.length);
    const late = Float32Array.from(expected.positions.flatMap((at) => [...ours.subarray(at * d, (at + 1) * d)]));
    const errors = relativeErrors(late, Float32Array.from(rows.flat()), d).sort((a, b) => a - b);
    assert.ok(errors[errors.length >> 1]! <= 1e-5 && errors.at(-1)! <= 1e-4, String(errors));
    const short = ids.slice(0, 200);
    assert.equal(await read(model, [short], expected.length), await read(model, [short], 0));
  });
}

test("tables are as long as texts need: few sizes, and no longer than the context", () => {
  const of = (context: number, longest?: number): number => positionsFor({ context } as DecoderSpec, longest);
  assert.equal([of(512), of(2048), of(131_072), of(131_072, 100), of(131_072, 1024), of(131_072, 1025), of(131_072, 8193), of(131_072, 40_000), of(100_000, 99_999), of(4096, 9000)], [512, 1024, 1024, 1024, 1024, 2048, 16_384, 65_536, 100_000, 4096]);
});

test.run();
