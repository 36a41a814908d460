/** Without this file nothing would show that saeq computes what transformers and sae_lens compute. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { Convention } from "../../src/emit/sae_specs.ts";
import { encodeRows, floats, forwardFeeds, generate, openGraph } from "../emit/run_graph.ts";
import { readTensors, relativeErrors } from "./tensors.ts";
import { requireParity } from "./tally.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const shipped = join(import.meta.dirname, "../../examples/kjv/model");
const json = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

for (const name of readdirSync(join(fixtures, "models"))) {
  test(`residuals of ${name} equal transformers in every layer`, async () => {
    const folder = join(fixtures, "models", name);
    const { spec } = await readModel(folder);
    const expected = await readTensors(join(folder, "expected.safetensors"));
    const { documents } = json(join(folder, "expected.json")) as { readonly documents: readonly (readonly number[])[] };
    const taps = spec.blocks.map((_, layer) => ({ layer, hook: "resid_post", sae: null }) as const);
    const session = await openGraph(emitForward(spec, taps, { blocks: null, slice: true }));
    const outputs = await session.run(forwardFeeds(documents));
    for (const { layer } of taps) {
      const theirs = documents.map((_, number) => expected.get(`doc${number}.layer${layer}`) as Float32Array);
      const whole = Float32Array.from(theirs.flatMap((part) => Array.from(part)));
      const errors = relativeErrors(floats(outputs, `tap${layer}_dense`), whole, spec.hiddenSize).sort((a, b) => a - b);
      const [median, worst] = [errors[errors.length >> 1] as number, errors.at(-1) as number];
      if (process.env.SAEQ_PARITY_REPORT) console.log(name, layer, "median", median.toExponential(1), "worst", worst.toExponential(1));
      assert.ok(median <= 1e-5 && worst <= 1e-4, `layer ${layer}: median ${median}, worst ${worst}`);
    }
    await session.release();
  });
}

for (const name of readdirSync(join(fixtures, "saes"))) {
  test(`features of ${name} equal sae_lens, or the published encode`, async () => {
    const folder = join(fixtures, "saes", name);
    const expected = await readTensors(join(folder, "expected.safetensors"));
    const x = expected.get("x") as Float32Array;
    const conventions = [...expected.keys()].filter((key) => key.endsWith(".acts")).map((key) => key.replace(".acts", "") as Convention);
    assert.ok(conventions.length >= 1);
    for (const convention of conventions) {
      const sae = await readSae(folder, { convention });
      assert.equal([sae.layer, sae.hook, sae.modelName], [1, "resid_post", "parity"]);
      const part = (key: string): Float32Array => expected.get(`${convention}.${key}`) as Float32Array;
      const acts = part("acts");
      const ours = new Float32Array(acts.length);
      for (const [row, feature, value] of await encodeRows(emitEncode(sae), x, sae.dIn)) ours[row * sae.dSae + feature] = value;
      requireParity(ours, { acts, margin: part("margin"), bound: part("bound") }, `${name} ${convention}`, 100);
    }
  });
}

test("the conventions of Llama Scope differ where decoder norms are not 1", async () => {
  const expected = await readTensors(join(fixtures, "saes/llama_scope/expected.safetensors"));
  const active = (convention: Convention): number => (expected.get(`${convention}.acts`) as Float32Array).filter((value) => value > 0).length;
  assert.ok(active("openmoss") > active("saelens"));
  assert.is(active("saelens"), active("neuronpedia"));
});

if (existsSync(join(fixtures, "greedy.json")) && existsSync(join(shipped, "model.safetensors"))) {
  test("greedy continuations of the shipped model equal transformers", async () => {
    const { model_sha256: wanted, cases } = json(join(fixtures, "greedy.json")) as { readonly model_sha256: string; readonly cases: readonly { readonly text: string; readonly ids: readonly number[]; readonly next: readonly number[] }[] };
    const found = createHash("sha256").update(readFileSync(join(shipped, "model.safetensors"))).digest("hex");
    assert.is(found, wanted, "the shipped model has changed: run test/parity/make_fixtures.py again");
    const { spec } = await readModel(shipped);
    const tokenizer = await readTokenizer(shipped);
    const session = await openGraph(emitGenerate(spec));
    for (const { text, ids, next } of cases) {
      assert.equal([...tokenizer.encode(text, { bos: true })], ids);
      const [one] = await generate(session, [ids, ids], next.length);
      assert.equal(one, next);
    }
    await session.release();
  });
}

test.run();
