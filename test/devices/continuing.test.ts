/** Without this file texts of unlike lengths could go on together on a device as if they had one length: the forms for devices run on the CPU here, and on SwiftShader in `webgpu.test.ts`. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { arranged, type CacheRow } from "../../runtime/engine/lane_arranging.ts";
import { createLaneTexts } from "../../runtime/engine/lane_continuing.ts";
import { openSession, type LaneSession, type Tensors } from "../../runtime/engine/lane_session.ts";
import type { StepNumbers } from "../../runtime/engine/protocol.ts";
import { emitArrange } from "../../src/emit/arrange.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { CacheInput, DecoderSpec } from "../../src/emit/specs.ts";
import { CPU, targetClass, type Target } from "../../src/emit/target.ts";
import { unlikeLengths } from "../../src/emit/unlike_lengths.ts";
import { randomModel } from "../emit/random_weights.ts";
import { openBytes } from "../emit/run_graph.ts";
import { ARCHITECTURES } from "../parity/kept_positions.ts";
import { relativeErrors } from "../parity/tensors.ts";
import { folder } from "../session/open.ts";

const place = folder();
const prompt = (length: number, salt: number): Int32Array => Int32Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 64);
/** Longer than every window, one token, and lengths that follow one another. */
const PROMPTS = [39, 18, 17, 3, 2, 1].map((length, at) => prompt(length, at + 1));
const STEPS = 5;
const drawn = (rows: number): StepNumbers => ({ temperature: 1, topK: null, topP: null, cap: null, numbers: new Float64Array(rows).fill(0.4) });

interface Watched {
  readonly session: LaneSession;
  /** Logits of the last call, [rows, vocabulary]. */
  readonly last: () => Float32Array;
}

async function watched(spec: DecoderSpec, target: Target): Promise<Watched> {
  const graph = emitGenerate(spec, target, undefined, "logits");
  // Without a target: the form of the device, on the CPU.
  const session = await openSession({ bytes: graph.bytes, caches: graph.caches, screenings: [] }, 1);
  let logits = new Float32Array(0);
  const run = async (feeds: Tensors): Promise<Tensors> => {
    const outputs = await session.run(feeds);
    logits = (outputs["logits"]!.data as Float32Array).slice();
    return outputs;
  };
  return { session: { ...session, run }, last: () => logits };
}

/** A prompt of one token is fed twice. */
const ids = (part: readonly Int32Array[]): readonly Int32Array[] => (part.length === 1 && part[0]!.length === 1 ? [part[0]!, part[0]!] : part);

/** Logits of each prompt at each step, by itself on the CPU. */
async function alone(spec: DecoderSpec): Promise<readonly (readonly Float32Array[])[]> {
  const { session, last } = await watched(spec, CPU);
  const texts = createLaneTexts();
  const all: (readonly Float32Array[])[] = [];
  for (const text of PROMPTS) {
    const seen: Float32Array[] = [];
    for (let step = 0; step < STEPS; step++) {
      await (step === 0 ? texts.begin(1, session, { ids: ids([text]), columns: text.length, rows: Uint32Array.of(0) }, drawn(1)) : texts.step(1, undefined, drawn(1)));
      seen.push(last().subarray(0, spec.vocabulary));
    }
    all.push(seen);
    texts.forget(1);
  }
  await session.release();
  return all;
}

/** The largest error of all texts, read in two calls (or one for each length), one prompt for two rows; rows go after two steps, and all but one after three. */
async function worst(spec: DecoderSpec, target: Target, expected: readonly (readonly Float32Array[])[]): Promise<number> {
  const { session, last } = await watched(spec, target);
  const texts = createLaneTexts();
  const { calls } = unlikeLengths(spec, target);
  const parts = calls === "all" ? [PROMPTS.slice(0, 2), PROMPTS.slice(2)] : PROMPTS.map((each) => [each]);
  const found: number[] = [];
  let rows: number[] = [];
  const compare = (own: readonly number[], step: number): void => {
    found.push(...own.flatMap((at, row) => relativeErrors(last().subarray(row * spec.vocabulary, (row + 1) * spec.vocabulary), expected[at]![step]!, spec.vocabulary)));
  };
  for (const part of parts) {
    const own = [...part.keys(), 0];
    await texts.begin(1, session, { ids: ids(part), columns: Math.max(...part.map(({ length }) => length)), rows: Uint32Array.from(own) }, drawn(own.length));
    compare(own.map((at) => PROMPTS.indexOf(part[at]!)), 0);
    rows.push(...own.map((at) => PROMPTS.indexOf(part[at]!)));
  }
  for (let step = 1; step < STEPS; step++) {
    const keep = step === 2 ? Uint32Array.from(rows.keys()).filter((row) => row % 3 !== 0) : step === 3 ? Uint32Array.of(2) : undefined;
    if (keep !== undefined) rows = Array.from(keep, (row) => rows[row]!);
    await texts.step(1, keep, drawn(rows.length));
    compare(rows, step);
  }
  texts.forget(1);
  await session.release();
  // Not Math.max alone, which passes over nothing: NaN has to show.
  return found.reduce((most, error) => (error <= most ? most : error), 0);
}

/** Rope of all and of some columns, by two tables and stretched; windows, caps, learned positions, norms of heads and of all heads together, a clamp, layers without positions, factors of what is added, values for all heads, linear attention, short convolutions; neighbours that turn, groups in one product, norms of each head by one tensor and by several; activations with numbers of their own, norms of one more than their weights; heads in parts, norms of the stream itself, pairs that turn the other way round, keys and values made of what heads share. */
const NAMES = "apertus_biased bigcode_shared codegen_plain cohere_normed cohere2_window deepseek_v3_dense exaone4_hybrid falcon_grouped gptj_partial opt_plain opt_behind gemma2_capped gemma3_local gemma4_keys gemma4_shared glm4_plain gpt2_tied granite_factors hyperclovax_normed lfm2_short llama_both_ropes llama_yarn mistral_window_1 nanochat_capped neo_local nemotron_biased neox_pythia olmo_clipped olmo3_window smollm3_window stablelm_parallel xglm_padded persimmon_scaled phi3_longrope phi3_partial phi_half qwen2_window qwen3_norms qwen3_5_shared".split(" ");
/** In more forms. */
const CLOSER = ["gemma2_capped", "gpt2_tied", "phi3_partial", "qwen3_5_shared", "lfm2_short"];

for (const name of NAMES) {
  test(`${name}: the logits of texts of unlike lengths that come and go are those of each alone on the CPU`, async () => {
    const { spec } = await readModel(join(ARCHITECTURES, name));
    const expected = await alone(spec);
    const forms: readonly (readonly [Target, number])[] = [
      [{ provider: "webgpu", dtype: "f32" }, 1e-4],
      ...(CLOSER.includes(name) ? ([[{ provider: "cuda", dtype: "f32" }, 1e-4], [{ provider: "webgpu", dtype: "f16" }, 3e-2], [{ provider: "cuda", dtype: "f16" }, 3e-2]] as const) : []),
    ];
    for (const [target, most] of forms) {
      if (unlikeLengths(spec, target).calls === null) continue;
      const error = await worst(spec, target, expected);
      assert.ok(error <= most, `${targetClass(target)}: ${error}`);
    }
  });
}

test("nothing of padding is read, nor what another text left behind: where it is not finite, no text shows it", async () => {
  const file = join(place, "infinite.bin");
  const random = randomModel(file, { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2 });
  const { embed } = random;
  const row = 48 * 4;
  // Padding is token 0, which no text has and the head does not know.
  const spec = { ...random, vocabulary: 99, lmHead: { ...embed, offset: embed.offset + row, length: embed.length - row, shape: [99, 48] } };
  const handle = openSync(file, "r+");
  writeSync(handle, new Uint8Array(new Float32Array(48).fill(Infinity).buffer), 0, row, embed.offset);
  closeSync(handle);
  const { session, last } = await watched(spec, { provider: "webgpu", dtype: "f32" });
  const texts = createLaneTexts();
  const finite = (rows: number): boolean => last().subarray(0, rows * spec.vocabulary).every(Number.isFinite);
  await texts.begin(1, session, { ids: [Int32Array.from({ length: 9 }, (_, at) => at + 1), Int32Array.of(7, 8), Int32Array.of(5)], columns: 12, rows: Uint32Array.of(0, 1, 2) }, drawn(3));
  assert.ok(finite(3), "the prompts");
  for (let step = 1; step < 4; step++) {
    await texts.step(1, step === 3 ? Uint32Array.of(1, 2) : undefined, drawn(step === 3 ? 2 : 3));
    assert.ok(finite(step === 3 ? 2 : 3), `step ${step}`);
  }
  texts.forget(1);
  await session.release();
});

for (const cache of [{ name: "past_key_0", element: "f32", dims: ["B", 2, "P", 4] }, { name: "past_key_0", element: "f16", dims: ["B", 2, "P", 4] }, { name: "past_conv_0", element: "f32", dims: ["B", 3, 5] }] as const satisfies readonly CacheInput[]) {
  test(`rows of ${cache.name} in ${cache.element} are arranged on a device as on the CPU, and what they are made of is let go there`, async () => {
    const axis = cache.dims.length === 4;
    const tensorOf = (rows: number, tokens: number, salt: number): ort.Tensor => {
      const dims = axis ? [rows, 2, tokens, 4] : [rows, 3, 5];
      const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) => 1 + ((at * 31 + salt) % 997));
      return cache.element === "f16" ? new ort.Tensor("float16", Uint16Array.from(numbers), dims) : new ort.Tensor("float32", Float32Array.from(numbers), dims);
    };
    const here = [tensorOf(3, 6, 1), tensorOf(2, 9, 5)];
    /** On a device: nothing is read of it here. */
    const there = new Map<ort.Tensor, ort.Tensor>();
    let alive = 0;
    const moved = (tensor: ort.Tensor): ort.Tensor => {
      alive++;
      const handle = { location: "gpu-buffer", dims: tensor.dims, type: tensor.type, dispose: () => void alive-- } as unknown as ort.Tensor;
      there.set(handle, tensor);
      return handle;
    };
    const session = await openBytes(emitArrange(cache, { provider: "webgpu", dtype: "f32" }).bytes);
    const arrange = async (_: CacheInput, feeds: Tensors): Promise<ort.Tensor> => moved((await session.run(Object.fromEntries(session.inputNames.map((name) => [name, there.get(feeds[name]!) ?? feeds[name]!]))))["arranged"]!);
    const rowsOf = (tensors: readonly ort.Tensor[]): readonly CacheRow[] => [[0, 2, 6], [0, 2, 6], [0, 0, 3], [1, 1, 7], [1, 0, 9], [0, 1, 1]].map(([from, row, length]) => ({ tensor: tensors[from!]!, row: row!, length: length! }));
    const [near, far] = [await arranged({ arrange }, cache, rowsOf(here), 9), await arranged({ arrange }, cache, rowsOf(here.map(moved)), 9)];
    const made = there.get(far)!;
    assert.equal(made.dims, near.dims);
    const [a, b] = [near.data, made.data] as [Float32Array, Float32Array];
    const size = a.length / 6;
    rowsOf(here).forEach(({ length }, row) => {
      for (let at = 0; at < size; at++) {
        const token = axis ? Math.floor(at / 4) % 9 : 0;
        if (axis && token >= length) assert.is(a[row * size + at], 0);
        else assert.is(b[row * size + at], a[row * size + at], `row ${row}, ${at}`);
      }
    });
    // The two that were there, and the one that was made.
    assert.is(alive, 3);
    await session.release();
  });
}

test("which texts go on together is told by a model and a device, with what stands against it", () => {
  const attention = (window: number | null): unknown => ({ attention: { kind: "softmax", window } });
  const of = (...blocks: readonly unknown[]): DecoderSpec => ({ blocks }) as unknown as DecoderSpec;
  const targets: readonly Target[] = [CPU, { provider: "webgpu", dtype: "f16" }, { provider: "cuda", dtype: "f32" }, { provider: "cuda", dtype: "bf16" }, { provider: "openvino", dtype: "bf16" }];
  const calls = (spec: DecoderSpec): readonly (string | null)[] => targets.map((target) => unlikeLengths(spec, target).calls);
  assert.equal(calls(of(attention(null), attention(null))), ["all", "all", "all", "all", null]);
  assert.equal(calls(of(attention(null), attention(8))), ["all", "all", "all", null, null]);
  for (const kind of ["delta", "convolution"]) assert.equal(calls(of(attention(null), { attention: { kind } })), ["steps", "steps", "steps", "steps", null]);
  assert.match(unlikeLengths(of(attention(null), attention(8)), targets[3]!).note!, /^only prompts of one length go on together: .* window of layer 1 /);
  assert.match(unlikeLengths(of(attention(null)), targets[4]!).note!, /^only prompts of one length go on together: attention on OpenVINO sees one length$/);
  assert.is(unlikeLengths(of(attention(8)), targets[1]!).note, null);
});

test.run();
