/** Without this file a cached, batched or sharded run could give other bits than a single one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { slopesOf } from "../../runtime/checkpoint/architectures/bloom.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { SaeKind } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { randomModel, randomSae, type ModelShape } from "./random_weights.ts";
import { encodeRows, forwardFeeds, generate, int64, openGraph, residuals, triples } from "./run_graph.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-emit-"));
test.after(() => rmSync(folder, { recursive: true }));

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const document = (length: number, salt: number): number[] => Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 100);
/** Lengths around the blocks of attention and of matrix products, one token, and odd ones. */
const lengths = [1, 2, 3, 16, 17, 31, 33, 63, 64, 65, 66, 97, 127, 128, 129, 130];

interface Shape extends ModelShape {
  /** Each head has a sink, and every other layer sees so many keys. */
  readonly window?: number;
  /** Every other layer sees texts in runs of so many tokens, and the others sharpen queries. */
  readonly chunk?: number;
  /** Nothing turns, and scores grow with the place of a key. */
  readonly sloped?: "straight" | "rounded";
}

const shapes: readonly (readonly [string, Shape])[] = [
  ["heads of 32", { hiddenSize: 64, heads: 4, kvHeads: 2, headDim: 32, mlpSize: 112, layers: 3 }],
  ["heads of 20, odd rows", { hiddenSize: 52, heads: 3, kvHeads: 1, headDim: 20, mlpSize: 100, layers: 3 }],
  ["heads of 256", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 256, mlpSize: 96, layers: 3 }],
  ["heads of 96", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 96, mlpSize: 96, layers: 3 }],
  ["heads of 192", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 192, mlpSize: 96, layers: 3 }],
  ["heads of 512", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 512, mlpSize: 96, layers: 3 }],
  ["heads of 128, bf16", { hiddenSize: 128, heads: 2, kvHeads: 1, headDim: 128, mlpSize: 300, layers: 3, dtype: "bf16" }],
  ["heads of 136", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 136, mlpSize: 96, layers: 3 }],
  ["heads of 128 with slopes", { hiddenSize: 64, heads: 2, kvHeads: 2, headDim: 128, mlpSize: 96, layers: 3, sloped: "straight" }],
  ["heads of 20 with slopes, bf16", { hiddenSize: 52, heads: 3, kvHeads: 3, headDim: 20, mlpSize: 100, layers: 3, dtype: "bf16", sloped: "straight" }],
  ["heads of 32 with rounded slopes, sharing keys", { hiddenSize: 64, heads: 6, kvHeads: 2, headDim: 32, mlpSize: 96, layers: 3, sloped: "rounded" }],
  ["heads of 128 with rounded slopes", { hiddenSize: 64, heads: 2, kvHeads: 2, headDim: 128, mlpSize: 96, layers: 3, sloped: "rounded" }],
  ["linear attention, heads of 128", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 32, mlpSize: 96, layers: 3, delta: { keyHeads: 2, valueHeads: 4, keyDim: 128, valueDim: 128, kernel: 4 } }],
  ["linear attention, maps by key head", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 32, mlpSize: 96, layers: 3, delta: { keyHeads: 2, valueHeads: 4, keyDim: 64, valueDim: 32, kernel: 4, byKeyHead: true } }],
  ["linear attention, odd heads, bf16", { hiddenSize: 52, heads: 2, kvHeads: 1, headDim: 20, mlpSize: 100, layers: 3, dtype: "bf16", delta: { keyHeads: 3, valueHeads: 3, keyDim: 20, valueDim: 12, kernel: 3 } }],
  ["convolutions over 3 tokens", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 32, mlpSize: 96, layers: 3, convolution: 3 }],
  ["convolutions over 5 tokens, odd rows, bf16", { hiddenSize: 53, heads: 3, kvHeads: 1, headDim: 20, mlpSize: 100, layers: 3, dtype: "bf16", convolution: 5 }],
  ["heads of 32 in runs of 24 tokens", { hiddenSize: 64, heads: 4, kvHeads: 2, headDim: 32, mlpSize: 112, layers: 3, chunk: 24 }],
  ["heads of 128 in runs of 64 tokens, bf16", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 128, mlpSize: 96, layers: 3, dtype: "bf16", chunk: 64 }],
  ["heads of 96 in runs of 37 tokens", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 96, mlpSize: 96, layers: 3, chunk: 37 }],
  ["heads of 256 in runs longer than texts", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 256, mlpSize: 96, layers: 3, chunk: 400 }],
  ["heads of 64 with sinks and windows", { hiddenSize: 64, heads: 8, kvHeads: 1, headDim: 64, mlpSize: 96, layers: 3, window: 128 }],
  ["heads of 20 with sinks and windows, bf16", { hiddenSize: 52, heads: 3, kvHeads: 3, headDim: 20, mlpSize: 100, layers: 3, dtype: "bf16", window: 37 }],
  ["heads of 256 with sinks and windows", { hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 256, mlpSize: 96, layers: 3, window: 70 }],
];

/** The model with sinks, whose values are some of its norms' weights. */
function withSinks(spec: DecoderSpec, window: number): DecoderSpec {
  return {
    ...spec,
    blocks: spec.blocks.map((block, layer) => {
      const norm = block.ln1!.weight!;
      const sinks = { ...norm, length: (norm.length / spec.hiddenSize) * spec.heads, shape: [spec.heads] };
      return block.attention.kind === "softmax" ? { ...block, attention: { ...block.attention, sinks, window: layer % 2 === 0 ? window : null } } : block;
    }),
  };
}

function inRuns(spec: DecoderSpec, chunk: number): DecoderSpec {
  const own = (layer: number): object => (layer % 2 === 0 ? { chunk } : { rope: null, sharpening: { every: 20, factor: 0.3 } });
  return { ...spec, blocks: spec.blocks.map((block, layer) => (block.attention.kind === "softmax" ? { ...block, attention: { ...block.attention, ...own(layer) } } : block)) };
}

function withSlopes(spec: DecoderSpec, rounded: boolean): DecoderSpec {
  return { ...spec, blocks: spec.blocks.map((block) => (block.attention.kind === "softmax" ? { ...block, attention: { ...block.attention, rope: null, slopes: slopesOf(spec.heads), ...(rounded ? { roundedSlopes: true } : {}) } } : block)) };
}

for (const [name, shape] of shapes) {
  const model = (): DecoderSpec => {
    const made = randomModel(join(folder, `${name}.bin`), shape);
    if (shape.chunk !== undefined) return inRuns(made, shape.chunk);
    if (shape.sloped !== undefined) return withSlopes(made, shape.sloped === "rounded");
    return shape.window === undefined ? made : withSinks(made, shape.window);
  };
  const tap = { layer: 1, hook: "resid_post", sae: null } as const;

  test(`${name}: a document has the same bits alone, among 7, among 32, padded further, and as a prefix`, async () => {
    const graph = emitForward(model(), [tap], { blocks: 2, slice: true });
    const session = await openGraph(graph);
    const uneven = graph.unevenHeads;
    const documents = Array.from({ length: 32 }, (_, at) => document(lengths[at % lengths.length] as number, at + 1));
    const together = await residuals(session, documents, shape.hiddenSize, 0, uneven);
    const [first] = await residuals(session, documents.slice(0, 1), shape.hiddenSize, 0, uneven);
    assert.equal(bits(first as Float32Array), bits(together[0] as Float32Array));
    for (let at = 0; at < documents.length; at += 1) {
      const [alone] = await residuals(session, [documents[at] as number[]], shape.hiddenSize, at % 3 === 0 ? 140 : 0, uneven);
      assert.equal(bits(alone as Float32Array), bits(together[at] as Float32Array), `document ${at}`);
    }
    const seven = await residuals(session, documents.slice(9, 16), shape.hiddenSize, 0, uneven);
    seven.forEach((values, at) => assert.equal(bits(values), bits(together[at + 9] as Float32Array), `document ${at + 9} of 7`));

    const long = document(260, 5);
    const [whole] = await residuals(session, [long], shape.hiddenSize, 0, uneven);
    for (const length of [...lengths, 82, 86, 162, 170, 172, 193, 214, 255, 256, 257, 259]) {
      const [prefix] = await residuals(session, [long.slice(0, length)], shape.hiddenSize, 0, uneven);
      assert.equal(bits(prefix as Float32Array), bits((whole as Float32Array).slice(0, length * shape.hiddenSize)), `prefix of ${length}`);
    }
    await session.release();
  });

  test(`${name}: cutting the model and slicing rows change no bit`, async () => {
    const documents = [document(9, 2), document(64, 3), document(65, 4)];
    const run = async (blocks: number | null, slice: boolean): Promise<readonly Float32Array[]> => {
      const graph = emitForward(model(), [tap], { blocks, slice });
      const session = await openGraph(graph);
      const uneven = graph.unevenHeads;
      const values = await residuals(session, documents, shape.hiddenSize, 0, uneven);
      await session.release();
      return values;
    };
    const reference = await run(null, false);
    for (const [blocks, slice] of [[2, true], [2, false], [null, true], [3, true]] as const) {
      (await run(blocks, slice)).forEach((values, at) => assert.equal(bits(values), bits(reference[at] as Float32Array)));
    }
  });
}

for (const [what, name] of [["experts, one of them every token's, beside linear attention", "qwen3_5_moe"], ["experts of paired columns, behind attention with sinks", "gpt_oss_plain"], ["experts in four bits", "gpt_oss_mxfp4"], ["experts whose inputs are weighed", "llama4_seeing"], ["norms behind attention and MLP, and of all heads together", "olmo2_grouped"], ["a clamp, and norms without weights", "olmo_clipped"], ["layers without positions", "smollm3_window"], ["factors of what is added", "granite_factors"], ["norms of each head by tensors of its own, in parallel blocks", "stablelm_parallel"], ["neighbours that turn between norms on both sides", "glm4_plain"], ["experts with another activation", "mixtral_fused"], ["experts behind a clamp", "olmoe_clipped"], ["activations with numbers of their own", "apertus_biased"], ["experts of the better groups, and one that all take", "dots1_groups"], ["two experts, each weighed by itself", "phimoe_held"], ["heads in parts", "codegen_plain"], ["distances, and a clamp of one product", "mpt_clipped"], ["norms of the stream itself behind a narrower embedding", "opt_behind"], ["norms of what has turned already", "hunyuan_alpha"], ["keys and values made of what heads share", "deepseek_v2_groups"], ["values wider than keys", "deepseek_v2_biased"], ["heads that are opened column by column", "afmoe_published"], ["heads that are opened one by one, in other numbers in some layers", "laguna_published"], ["norms of queries and keys with biases", "persimmon_scaled"], ["places that are sines and cosines", "xglm_padded"], ["experts and what all tokens take, averaged, in parallel blocks", "cohere2_moe_dense"], ["norms without weights, and pairs that turn the other way round", "nanochat_capped"]] as const) test(`${what}: a text has the same bits alone, among others and as a prefix`, async () => {
  const { spec } = await readModel(join(import.meta.dirname, "../parity/architectures", name));
  const d = spec.hiddenSize;
  const session = await openGraph(emitForward(spec, [{ layer: 1, hook: "resid_post", sae: null }], { blocks: 2, slice: true }));
  const documents = lengths.map((length, at) => document(length, at + 1).map((id) => id % 60));
  const together = await residuals(session, documents, d);
  for (const [at, ids] of documents.entries()) assert.equal(bits((await residuals(session, [ids], d))[0]!), bits(together[at]!), `document ${at}`);
  for (const length of lengths) assert.equal(bits((await residuals(session, [documents.at(-1)!.slice(0, length)], d))[0]!), bits(together.at(-1)!.slice(0, length * d)), `prefix of ${length}`);
  await session.release();
});

test("fewer wanted rows have the bits of all rows", async () => {
  const model = randomModel(join(folder, "rows.bin"), { hiddenSize: 64, heads: 4, kvHeads: 2, headDim: 32, mlpSize: 112, layers: 2 });
  const session = await openGraph(emitForward(model, [{ layer: 1, hook: "resid_post", sae: null }], { blocks: 2, slice: true }));
  const feeds = forwardFeeds([document(40, 1)]);
  const all = (await session.run(feeds)).tap0_dense?.data as Float32Array;
  for (const count of [2, 3, 7, 16]) {
    const wanted = Array.from({ length: count }, (_, at) => 40 - count + at);
    const some = await session.run({ ...feeds, wanted: int64(wanted, [count]) });
    assert.equal(bits(some.tap0_dense?.data as Float32Array), bits(all.slice(-count * 64)));
  }
  await session.release();
});

for (const kind of ["standard", "jumprelu", "topk", "gated"] as const satisfies readonly SaeKind[]) {
  test(`${kind}: the fused graph and the encoder by itself give the same triples, at every number of rows`, async () => {
    const d = 36;
    const model = randomModel(join(folder, `fused_${kind}.bin`), { hiddenSize: d, heads: 2, kvHeads: 2, headDim: 24, mlpSize: 52, layers: 2 });
    const sae = randomSae(join(folder, `sae_${kind}.bin`), { kind, dIn: d, dSae: 9000, layout: "in_out", normalize: kind === "gated" ? "layer_norm" : "none" });
    const taps = [{ layer: 1, hook: "resid_post", sae }, { layer: 1, hook: "resid_post", sae: null }, { layer: 1, hook: "resid_pre", sae }] as const;
    const session = await openGraph(emitForward(model, taps, { blocks: 2, slice: true }));
    const outputs = await session.run(forwardFeeds([document(20, 3), document(13, 4)]));
    await session.release();
    const dense = outputs.tap1_dense?.data as Float32Array;
    const fused = triples(outputs, 0);
    assert.ok(fused.length > 100);
    assert.ok(triples(outputs, 2).length > 100);
    assert.equal(await encodeRows(emitEncode(sae), dense, d), fused);
    const few = await encodeRows(emitEncode(sae), dense.slice(0, 3 * d), d);
    assert.equal(few, fused.filter(([row]) => row < 3));
  });
}

for (const [name, delta, window] of [["keys and values", undefined], ["linear attention", { keyHeads: 1, valueHeads: 2, keyDim: 16, valueDim: 20, kernel: 4 }], ["keys and values, sinks and windows", undefined, 8]] as const) {
  test(`${name}: greedy continuations do not depend on the batch`, async () => {
    const model = randomModel(join(folder, `greedy ${name}.bin`), { hiddenSize: 60, heads: 3, kvHeads: 1, headDim: 20, mlpSize: 100, layers: 2, ...(delta === undefined ? {} : { delta }) });
    const session = await openGraph(emitGenerate(window === undefined ? model : withSinks(model, window)));
    const prompts = [1, 2, 3, 4, 5].map((salt) => document(11, salt));
    const together = await generate(session, prompts, 12);
    for (const [at, prompt] of prompts.entries()) assert.equal((await generate(session, [prompt, prompt], 12))[0], together[at]);
    assert.ok(new Set(together.map(String)).size > 1);
    await session.release();
  });
}

test.run();
