/** Without this file nothing would show that saeq reads each SAE format as the package that owns it does. */
import { readFileSync, readdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as ort from "onnxruntime-node";
import { decodeNumbers, pieces } from "../../runtime/checkpoint/numbers.ts";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";
import { fidelity } from "../../runtime/kernels/fidelity.ts";
import { emitDecode } from "../../src/emit/decode.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import type { Convention, SaeSpec } from "../../src/emit/sae_specs.ts";
import { requireParity } from "./tally.ts";
import { encodeRows, floats, int64, openGraph } from "../emit/run_graph.ts";
import { ownCache } from "../checkpoint/own_cache.ts";
import { readWholeSae } from "../checkpoint/read_whole.ts";

const fixtures = join(import.meta.dirname, "sae_formats");
const cache = mkdtempSync(join(tmpdir(), "saeq-converted-"));
ownCache(test, cache);
test.after(() => rmSync(cache, { recursive: true }));

interface Facts {
  readonly hookName: string;
  readonly layer: number | null;
  readonly hookOut: string | null;
  readonly modelName: string | null;
  readonly options: { readonly normFactor?: number; readonly file?: string };
  readonly at: string;
  readonly convention: string;
  /** By convention, of an SAE that gives back what it reads. */
  readonly fidelity?: Readonly<Record<string, { readonly explained_variance: number; readonly mse: number; readonly cosine: number }>>;
}

async function readTensors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const [name, tensor] of (await readSafetensors(file)).tensors) {
    for await (const bytes of pieces(tensor)) found.set(name, decodeNumbers(bytes.slice(), tensor.dtype) as Float32Array);
  }
  return found;
}

/** What the graph reconstructs from their features, so that a flip of ours cannot hide in it. */
async function decoded(sae: SaeSpec, acts: Float32Array, x: Float32Array): Promise<Float32Array> {
  const active = Array.from(acts.keys()).filter((at) => (acts[at] as number) > 0);
  const session = await openGraph(emitDecode(sae));
  const outputs = await session.run({
    residual: new ort.Tensor("float32", x, [x.length / sae.dIn, sae.dIn]),
    place: int64(active, [active.length, 1]),
    value: new ort.Tensor("float32", Float32Array.from(active, (at) => acts[at] as number), [active.length]),
  });
  await session.release();
  return floats(outputs, "tap0_dense");
}

for (const name of readdirSync(fixtures)) {
  test(`${name}: hooks, features and reconstruction equal the package that owns the format`, async () => {
    const folder = join(fixtures, name);
    const facts = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Facts;
    const expected = await readTensors(join(folder, "expected.safetensors"));
    const x = expected.get("x") as Float32Array;
    const conventions = [...expected.keys()].filter((key) => key.endsWith(".acts")).map((key) => key.replace(".acts", "") as Convention);
    assert.ok(conventions.length >= 1);
    assert.is((await readWholeSae(join(folder, facts.at), { convention: null, ...facts.options })).convention, facts.convention, "the default");
    for (const convention of conventions) {
      const sae = await readWholeSae(join(folder, facts.at), { convention, ...facts.options });
      assert.equal([sae.hookName, sae.layer, sae.hookOut?.hookName ?? null, sae.modelName], [facts.hookName, facts.layer, facts.hookOut, facts.modelName]);
      const part = (key: string): Float32Array => expected.get(`${convention}.${key}`) as Float32Array;
      const acts = part("acts");
      const ours = new Float32Array(acts.length);
      for (const [row, feature, value] of await encodeRows(emitEncode(sae), x, sae.dIn)) ours[row * sae.dSae + feature] = value;
      requireParity(ours, { acts, margin: part("margin"), bound: part("bound") }, `${name} ${convention}`, 20);
      const theirs = expected.get(`${convention}.decoded`);
      assert.is(sae.decoder === null, theirs === undefined, sae.noDecoder);
      if (theirs !== undefined && sae.decoder !== null) {
        const mine = await decoded(sae, acts, x);
        assert.is(mine.length, theirs.length);
        const d = sae.decoder.dOut;
        for (let row = 0; row < mine.length; row += d) {
          const [a, b] = [mine.subarray(row, row + d), theirs.subarray(row, row + d)];
          const error = Math.hypot(...a.map((value, at) => value - (b[at] as number))) / Math.hypot(...b);
          assert.ok(error <= 1e-5, `${name} ${convention}: row ${row / d} is reconstructed with an error of ${error}`);
        }
      }
      const wanted = facts.fidelity?.[convention];
      assert.is(wanted === undefined, facts.hookOut !== null);
      if (wanted !== undefined) {
        const found = fidelity(theirs as Float32Array, x, sae.dIn, new Uint8Array(x.length / sae.dIn));
        for (const [mine, other] of [[found.explainedVariance, wanted.explained_variance], [found.mse, wanted.mse], [found.cosine, wanted.cosine]] as const) {
          assert.ok(mine !== null && Math.abs(mine - other) <= 1e-6 * Math.max(1, Math.abs(other)), `${name} ${convention}: ${mine}, ${other}`);
        }
      }
    }
  });
}

test.run();
