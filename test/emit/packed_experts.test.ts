/** Without this file experts in four bits could be other numbers than those of the same model written out. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { requireFinite, usedWeights } from "../../runtime/checkpoint/nonfinite.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { openGraph, residuals } from "./run_graph.ts";
import { withHeader } from "../session/checkpoints.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-packed-"));
test.after(() => rmSync(folder, { recursive: true }));
const fixture = join(import.meta.dirname, "../parity/architectures/gpt_oss_mxfp4");

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}
type Tensors = Record<string, Stored>;
type Config = Record<string, unknown>;

function packedTensors(): Tensors {
  const bytes = readFileSync(join(fixture, "model.safetensors"));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _facts, ...header } = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  return Object.fromEntries(Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { dtype, shape, bytes: Uint8Array.from(bytes.subarray(start + from, start + to)) }]));
}

/** A file of these tensors whose numbers begin `shift` bytes later than they would. */
function fileOf(tensors: Tensors, shift: number): Uint8Array {
  let at = 0;
  const header = Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => [name, { dtype, shape, data_offsets: [at, (at += bytes.length)] }]));
  const text = JSON.stringify(header);
  return withHeader(text + " ".repeat(((8 - (text.length % 8)) % 8) + shift), Object.values(tensors).map(({ bytes }) => bytes));
}

/** A model of these tensors, dealt to files of its own. */
function modelOf(name: string, files: readonly Tensors[], change: (config: Config) => void = () => {}, shift = 0): string {
  const path = join(folder, name);
  mkdirSync(path);
  const config = JSON.parse(readFileSync(join(fixture, "config.json"), "utf8")) as Config;
  change(config);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  if (files.length === 1) writeFileSync(join(path, "model.safetensors"), fileOf(files[0] as Tensors, shift));
  else {
    files.forEach((tensors, i) => writeFileSync(join(path, `part${i}.safetensors`), fileOf(tensors, shift + i)));
    writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map: Object.fromEntries(files.flatMap((tensors, i) => Object.keys(tensors).map((key) => [key, `part${i}.safetensors`]))) }));
  }
  return path;
}

/** Two bits of exponent and one of fraction, by the definition: 2^(e − 1)·(1 + f / 2), and f / 2 where e is 0. */
function fourBits(bits: number): number {
  const [exponent, fraction] = [(bits >> 1) & 3, bits & 1];
  const size = exponent === 0 ? fraction / 2 : 2 ** (exponent - 1) * (1 + fraction / 2);
  return bits & 8 ? -size : size;
}

/** The same model with its matrices written out in float32, [experts, in, out]. */
function unpacked(tensors: Tensors): Tensors {
  const plain: Tensors = Object.fromEntries(Object.entries(tensors).filter(([name]) => !/_(blocks|scales)$/.test(name)));
  for (const [name, { shape, bytes }] of Object.entries(tensors).filter(([key]) => key.endsWith("_blocks"))) {
    const [count, out, blocks] = shape as readonly [number, number, number];
    const into = 32 * blocks;
    const scales = tensors[name.replace(/_blocks$/, "_scales")]!.bytes;
    const values = new Float32Array(count * into * out);
    for (let expert = 0; expert < count; expert += 1) {
      for (let row = 0; row < out; row += 1) {
        for (let column = 0; column < into; column += 1) {
          const at = (expert * out + row) * into + column;
          values[(expert * into + column) * out + row] = fourBits((bytes[at >> 1]! >> (4 * (at & 1))) & 15) * 2 ** (scales[at >> 5]! - 127);
        }
      }
    }
    plain[name.replace(/_blocks$/, "")] = { dtype: "F32", shape: [count, into, out], bytes: new Uint8Array(values.buffer) };
  }
  return plain;
}

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const documents = [1, 5, 40, 66].map((length, salt) => Array.from({ length }, (_, at) => (at * 37 + at * at * 11 + salt) % 64));

async function run(path: string): Promise<readonly Uint32Array[]> {
  const { spec } = await readModel(path);
  const session = await openGraph(emitForward(spec, [{ layer: 1, hook: "resid_post", sae: null }], { blocks: 2, slice: true }));
  const values = await residuals(session, documents, spec.hiddenSize);
  await session.release();
  return values.map(bits);
}

test("a model in four bits gives the bits of the same model written out, and takes as many operations", async () => {
  const wide = modelOf("wide", [unpacked(packedTensors())], (config) => void delete config["quantization_config"]);
  assert.equal(await run(fixture), await run(wide));
  const [packed, plain] = [await readModel(fixture), await readModel(wide)];
  assert.is(emitGenerate(packed.spec).flopsPerToken, emitGenerate(plain.spec).flopsPerToken);
});

test("matrices of a packed model that are kept as they are, as its config may say, are read as they are", async () => {
  const tensors = packedTensors();
  const wide = unpacked(tensors);
  const downs = Object.entries(wide).filter(([name]) => !name.endsWith("gate_up_proj"));
  const mixed = { ...Object.fromEntries(Object.entries(tensors).filter(([name]) => /gate_up_proj_/.test(name))), ...Object.fromEntries(downs) };
  assert.equal(await run(modelOf("mixed", [mixed])), await run(fixture));
});

test("packed numbers are found in several files, and where they begin at odd bytes", async () => {
  const tensors = Object.entries(packedTensors());
  const parted = [0, 1, 2].map((part) => Object.fromEntries(tensors.filter((_, at) => at % 3 === part)));
  const expected = await run(fixture);
  assert.equal(await run(modelOf("odd", [Object.fromEntries(tensors)], undefined, 1)), expected);
  assert.equal(await run(modelOf("parted", parted, undefined, 1)), expected);
});

test("every exponent that gives numbers is taken; of those that do not, the first is named", async () => {
  const tensors = packedTensors();
  const scales = tensors["model.layers.1.mlp.experts.down_proj_scales"]!;
  const failure = async (name: string): Promise<CheckpointError | null> => {
    const { spec } = await readModel(modelOf(name, [tensors]));
    return requireFinite(usedWeights(spec, 2, true)).then(() => null, (error: CheckpointError) => error);
  };
  scales.bytes.set([0, 252], 2);
  assert.is(await failure("large"), null);
  assert.equal(await run(join(folder, "large")), await run(modelOf("large_wide", [unpacked(tensors)], (config) => void delete config["quantization_config"])));
  scales.bytes[7] = 255;
  const error = await failure("nan");
  assert.is(error?.code, "nonfinite-weights");
  assert.match(error?.message ?? "", /1 of 32 exponents of packed weights are NaN or beyond float32 in the tensor of shape \[32, 1\]/);
  assert.equal(error?.notes, ["the first is element 7"]);
});

test("what is no whole model in four bits is refused", async () => {
  const failure = (name: string, tensors: Tensors, change?: (config: Config) => void): Promise<CheckpointError> => readModel(modelOf(name, [tensors], change)).then(() => assert.unreachable() as never, (error: CheckpointError) => error);
  const { "model.layers.0.mlp.experts.down_proj_scales": scales, ...rest } = packedTensors();
  const missing = await failure("missing", rest);
  assert.equal([missing.code, missing.message.includes("down_proj_scales")], ["missing-tensor", true]);
  const typed = await failure("typed", { ...rest, "model.layers.0.mlp.experts.down_proj_scales": { ...scales!, dtype: "I8" } });
  assert.is(typed.code, "unsupported-dtype");
  const shaped = await failure("shaped", { ...rest, "model.layers.0.mlp.experts.down_proj_scales": { ...scales!, shape: scales!.shape.toReversed() } });
  assert.is(shaped.code, "shape-mismatch");
  const unsaid = await failure("unsaid", packedTensors(), (config) => void delete config["quantization_config"]);
  assert.equal([unsaid.code, unsaid.message.includes("`model.layers.0.mlp.experts.gate_up_proj`")], ["missing-tensor", true]);
});

test.run();
