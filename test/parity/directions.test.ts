/** Without this file nothing would show that directions promote the tokens that TransformerLens says, and lie as near to each other as torch says. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { emitPromotes, emitSimilar, type RankingGraph } from "../../src/emit/directions.ts";
import type { Convention, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { floats, int64, openGraph } from "../emit/run_graph.ts";
import { readTensors } from "./tensors.ts";

const fixtures = join(import.meta.dirname, "directions");
const names = readdirSync(fixtures, { withFileTypes: true }).filter((each) => each.isDirectory()).map(({ name }) => name);

/** Each list of the graph for all features at once, [features, all] by the number of the column. */
async function all(made: RankingGraph, features: number): Promise<readonly Float32Array[]> {
  const session = await openGraph(made.graph);
  const outputs = await session.run({ feature: int64(Array.from({ length: features }, (_, i) => i), [features]), column: int64([0], [1]) });
  await session.release();
  return made.largest.map((largest, list) => {
    const values = floats(outputs, `tap${list}_value`);
    const ids = Array.from(outputs[`tap${list}_id`]!.data as BigInt64Array, Number);
    const found = new Float32Array(features * made.all).fill(Number.NaN);
    values.forEach((value, i) => {
      const before = i % made.all === 0 ? null : values[i - 1]!;
      assert.ok(before === null || (largest ? before > value : before < value) || (before === value && ids[i - 1]! < ids[i]!), "the best come first");
      found[Math.floor(i / made.all) * made.all + ids[i]!] = value;
    });
    return found;
  });
}

function close(ours: Float32Array, theirs: Float32Array, what: string, tolerance = 1e-5): void {
  assert.is(ours.length, theirs.length, what);
  const size = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
  assert.ok(worst <= tolerance * size, `${what}: ${worst} of ${size}`);
}

const saeOf = (folder: string, convention: Convention | null = null): Promise<SaeSpec> => readSae(folder, { convention });

for (const name of names) {
  const folder = join(fixtures, name);
  const promoted = async (spec: DecoderSpec, sae: SaeSpec, raw: boolean): Promise<readonly Float32Array[]> => all(emitPromotes(sae, spec, { count: spec.vocabulary, largest: [true, false], raw }), sae.dSae);

  test(`${name}: weights of tokens are W_dec · W_U of a HookedTransformer with fold_ln, with raw of one without processing`, async () => {
    const { spec } = await readModel(join(import.meta.dirname, "architectures", name));
    const theirs = await readTensors(join(folder, "expected.safetensors"));
    for (const convention of ["saelens", "neuronpedia"] as const) {
      const sae = await saeOf(folder, convention);
      for (const raw of [false, true]) {
        const [largest, smallest] = await promoted(spec, sae, raw);
        const wanted = theirs.get(`${convention}.${raw ? "raw" : "folded"}`)!;
        close(largest!, wanted, `${name} ${convention} ${raw}`);
        assert.equal(smallest, largest);
      }
      close((await all(emitSimilar(sae, sae.dSae), sae.dSae))[0]!, theirs.get(`${convention}.cosine`)!, `${name} ${convention} cosine`, 2e-6);
    }
  });

  test(`${name}: center_unembed takes off the mean over all tokens, and so changes no order, as the final norm's weight does`, async () => {
    const theirs = await readTensors(join(folder, "expected.safetensors"));
    const [folded, centred, raw] = ["folded", "centred", "raw"].map((kind) => theirs.get(`saelens.${kind}`)!);
    const tokens = 64;
    const away = (other: Float32Array): number => Math.max(...Array.from({ length: folded!.length / tokens }, (_, row) => {
      const own = folded!.subarray(row * tokens, (row + 1) * tokens);
      const mean = own.reduce((sum, value) => sum + value, 0) / tokens;
      return Math.max(...Array.from(own, (value, token) => Math.abs(value - mean - other[row * tokens + token]!)));
    }));
    assert.ok(away(centred!) < 1e-4, `${away(centred!)}`);
    assert.ok(away(raw!) > 1e-2, "the fixture has a norm whose weight changes something");
  });
}

const places: Readonly<Record<string, string>> = { sparsify_topk: join("sparsify_topk", "layers.5") };

test("cosines are those of the decoder as it is stored, in either layout and any number type", async () => {
  const layouts = new Set<string>();
  for (const [name, theirs] of await readTensors(join(fixtures, "cosines.safetensors"))) {
    const sae = await saeOf(join(import.meta.dirname, "sae_formats", places[name] ?? name));
    layouts.add(`${sae.decoder!.layout} ${sae.decoder!.weight.dtype}`);
    close((await all(emitSimilar(sae, sae.dSae), sae.dSae))[0]!, theirs, name, 2e-6);
  }
  assert.equal([...layouts].sort(), ["in_out f32", "in_out f64", "out_in f32"]);
});

test.run();
