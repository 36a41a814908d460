/**
 * Without this file nobody would have seen saeq run a trained model that it did not bring along.
 *
 * For each model of make_models.py: whether ten prompts become the ids that transformers makes, whether fifty greedy tokens after each are
 * the same, how far residual streams are from transformers' float32, and whether a long text has the same bits in a batch as alone and
 * as a prefix.  node bench/trained/run.ts FOLDER
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { decodeNumbers, pieces } from "../../runtime/checkpoint/numbers.ts";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Document, Engine } from "../../runtime/engine/port.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";

interface Expected {
  readonly layers: readonly number[];
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[]; readonly next: readonly number[] }[];
}

const MODELS = ["smollm2_135m", "gemma3_270m"];
const LONG = 1400;
const job = { signal: new AbortController().signal, onProgress: () => {} };

/** Residual streams of each document, by tap. */
async function residuals(engine: Engine, graph: EmittedGraph, taps: number, texts: readonly (readonly number[])[]): Promise<readonly (readonly Float32Array[])[]> {
  const found: Float32Array[][] = [];
  const documents: Document[] = texts.map((ids) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids, (_, at) => at) }));
  await engine.forward(graph, taps, documents, { ...job, onDocument: (at, outputs) => (found[at] = outputs.map(({ values }) => values)) });
  return found;
}

async function main(folder: string): Promise<void> {
  for (const name of MODELS.filter((each) => existsSync(join(folder, each, "expected.json")))) {
    const path = join(folder, name);
    const { layers, cases } = JSON.parse(readFileSync(join(path, "expected.json"), "utf8")) as Expected;
    const before = process.memoryUsage().rss;
    const started = performance.now();
    const { spec } = await readModel(path);
    const opened = performance.now() - started;
    const grown = process.memoryUsage().rss - before;
    const tokenizer = await readTokenizer(path);
    const engine = createEngine({ lanes: 1, threads: 1, batch: null });

    const same = cases.filter(({ text, ids }) => String([...tokenizer.encode(text, { bos: tokenizer.prependsBos })]) === String(ids)).length;
    let equal = 0;
    const made: Int32Array[] = [];
    await engine.generate(emitGenerate(spec), cases.map(({ ids }) => Int32Array.from(ids)), cases[0]!.next.length, { ...job, onDocument: (at, ids) => (made[at] = ids) });
    cases.forEach(({ next }, at) => (equal += String([...made[at]!]) === String(next) ? 1 : 0));

    const taps = layers.map((layer) => ({ layer, hook: "resid_post", sae: null }) as const);
    const graph = emitForward(spec, taps, { blocks: null, slice: true });
    const ours = await residuals(engine, graph, taps.length, cases.map(({ ids }) => ids));
    const theirs = await readSafetensors(join(path, "expected.safetensors"));
    const errors: number[] = [];
    for (const [number, byTap] of ours.entries()) {
      for (const [tap, values] of byTap.entries()) {
        for await (const bytes of pieces(theirs.tensors.get(`${number}.${layers[tap]}`)!)) errors.push(...rowErrors(values, decodeNumbers(bytes, "F32"), spec.hiddenSize));
      }
    }
    errors.sort((a, b) => a - b);

    const long = Array.from({ length: LONG }, (_, at) => cases[at % cases.length]!.ids[at % cases[at % cases.length]!.ids.length]!);
    const [alone] = await residuals(engine, graph, taps.length, [long]);
    const [, together, prefix] = await residuals(engine, graph, taps.length, [long.slice(3), long, long.slice(0, 777)]);
    const bits = alone!.every((values, tap) => equalBits(values, together![tap]!) && equalBits(values.subarray(0, 777 * spec.hiddenSize), prefix![tap]!));
    await engine.close();
    console.log(
      `${name} (${spec.architecture}): ids ${same} of ${cases.length}, continuations ${equal} of ${cases.length} equal; residual L2 median ${errors[errors.length >> 1]!.toExponential(1)}, worst ${errors.at(-1)!.toExponential(1)} of ${errors.length}; ` +
        `${LONG} tokens ${bits ? "same bits alone, in a batch and as a prefix" : "DIFFERENT BITS"}; opened in ${opened.toFixed(0)} ms, ${(grown / 1e6).toFixed(0)} MB`,
    );
    if (same < cases.length || equal < cases.length || !bits || errors.at(-1)! > 1e-4) process.exitCode = 1;
  }
}

function rowErrors(ours: Float32Array, theirs: ArrayLike<number>, width: number): number[] {
  return Array.from({ length: theirs.length / width }, (_, row) => {
    let [difference, size] = [0, 0];
    for (let at = row * width; at < (row + 1) * width; at += 1) {
      difference += (ours[at]! - theirs[at]!) ** 2;
      size += theirs[at]! ** 2;
    }
    return Math.sqrt(difference / size);
  });
}

function equalBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

if (process.argv[2] === undefined) throw new Error("node bench/trained/run.ts FOLDER");
await main(process.argv[2]);
