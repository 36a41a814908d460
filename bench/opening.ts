/**
 * Without this file nobody would see what many blocks cost before the first token, nor what a step of few rows takes of a large model.
 *
 * `node bench/opening.ts` (Linux): seconds of processor time of one engine process, of models whose weights are zeros that take no room on the disk: until a graph of all blocks is open, for
 * reading and for writing; and in the shape of Llama 8B with four blocks, 12 tokens written by 2 and by 10 texts of 20, and 500 tokens read.
 */
import { readFileSync } from "node:fs";
import { createEngine } from "../runtime/engine/engine.ts";
import { createLane } from "../runtime/engine/supervisor.ts";
import { emitForward } from "../src/emit/forward.ts";
import { emitGenerate } from "../src/emit/generate.ts";
import type { DecoderSpec, EmittedGraph } from "../src/emit/specs.ts";
import { hollowModel, type HollowShape } from "../test/engine/hollow_model.ts";

const LLAMA_8B: HollowShape = { hidden: 4096, mlp: 14_336, heads: 32, kvHeads: 8, headDim: 128, layers: 32, dtype: "bf16", features: 4096, active: 0.002 };
const LLAMA_70B: HollowShape = { ...LLAMA_8B, hidden: 8192, mlp: 28_672, heads: 64, layers: 80 };
/** Ticks of the kernel's clock in a second. */
const TICKS = 100;

/** Processor time of a process so far, in seconds. */
function processorOf(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ").slice(11, 13).map(Number) as [number, number];
  return (user + system) / TICKS;
}

const reading = (spec: DecoderSpec, longest: number): EmittedGraph => emitForward(spec, [{ layer: spec.blocks.length - 1, hook: "resid_post", sae: null }], { blocks: spec.blocks.length, slice: true, longest });

console.log("| shape | blocks | graph | operators | open, s |\n| --- | ---: | --- | ---: | ---: |");
for (const [name, shape] of [["Llama 8B", LLAMA_8B], ["Llama 70B", LLAMA_70B]] as const) {
  const { spec, remove } = hollowModel(shape);
  for (const [kind, graph] of [["reads", reading(spec, 100)], ["writes", emitGenerate(spec, undefined, 100)]] as const) {
    const lane = createLane({ threads: 1 });
    await lane.open(graph);
    console.log(`| ${name} | ${shape.layers} | ${kind} | ${graph.operators} | ${processorOf(lane.pid!).toFixed(2)} |`);
    await lane.close();
  }
  remove();
}

const { spec, remove } = hollowModel({ ...LLAMA_8B, layers: 4 });
const engine = createEngine({ lanes: 1, threads: 1, batch: 10 });
const job = { signal: new AbortController().signal, onProgress: () => {}, onDocument: () => {} };
const ids = (length: number, text: number): Int32Array => Int32Array.from({ length }, (_, at) => (7 * at + text) % 1000);
const timed = async (work: () => Promise<unknown>): Promise<string> => {
  const before = processorOf(engine.pids[0]!);
  await work();
  return (processorOf(engine.pids[0]!) - before).toFixed(2);
};
const [writes, reads] = [emitGenerate(spec, undefined, 40), reading(spec, 100)];
const write = (texts: number, steps: number): Promise<void> => engine.generate(writes, Array.from({ length: texts }, (_, text) => ids(20, text)), steps, job);
const read = (texts: number): Promise<unknown> => engine.forward(reads, 1, Array.from({ length: texts }, (_, text) => ({ ids: ids(100, text), wanted: Uint32Array.of(0, 1) })), job);

// The first call opens its graph.
await write(2, 2);
console.log(`\nLlama 8B, 4 blocks: 12 tokens of 2 texts ${await timed(() => write(2, 12))} s, of 10 texts ${await timed(() => write(10, 12))} s`);
await read(1);
console.log(`500 tokens read in ${await timed(() => read(5))} s`);
await engine.close();
remove();
