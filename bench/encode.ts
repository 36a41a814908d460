/**
 * Without this file nobody would know what screening in eight bits gains over computing every feature, nor that a million features fit in memory.
 *
 * `node bench/encode.ts [--width 32768] [--d 4096] [--rows 256] [--rounds 5] [--margins 3.5,4,4.5,5] [--folder DIR]`
 * `node bench/encode.ts --million` : 1,048,576 features of 1,024 dimensions, the process's peak of anonymous memory; takes 3 GB of disk.
 *
 * The SAE: decoder directions are random unit vectors, encoder = decoder (bfloat16, [m, d]), one threshold 1 for all. A row is the sum of 50
 * directions (8 with --million) with activations 1 + Exp(1), as trained SAEs' fall off above their threshold, drawn by frequencies that are log-normal (σ = 1.5,
 * natural logarithm), and of noise that the SAE does not explain, so that the threshold is `margin` standard deviations above what a silent
 * feature sees: ‖x‖ = √d / margin. Margins below 4.2 leave room for such noise; 50 activations alone have a norm near 15.3.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { isExact } from "../runtime/engine/lane_eight_bits.ts";
import type { Triples } from "../runtime/engine/found_features.ts";
import { openScreen, screenRows } from "../runtime/engine/lane_screening.ts";
import { MEMORY_RETURNS } from "../runtime/engine/supervisor.ts";
import { quantizeFeatures } from "../runtime/engine/quantizing.ts";
import { emitFeatures } from "../src/emit/encode.ts";
import { createGraph, finish, input, node, output, weightRows } from "../src/emit/graph.ts";
import type { SaeSpec } from "../src/emit/sae_specs.ts";
import type { TensorRef } from "../src/emit/specs.ts";
import { median } from "./median.ts";

const { values: args } = parseArgs({
  options: { width: { type: "string", default: "32768" }, d: { type: "string", default: "4096" }, rows: { type: "string", default: "256" }, rounds: { type: "string", default: "5" }, margins: { type: "string", default: "3.5,4,4.5,5" }, folder: { type: "string" }, million: { type: "boolean", default: false } },
});
// As in an engine process, which returns large blocks of memory: fresh ones cost more than some of the work measured here.
if (process.env["MALLOC_MMAP_THRESHOLD_"] === undefined) {
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env: { ...process.env, ...MEMORY_RETURNS }, stdio: "inherit" });
  process.exit(status ?? 1);
}
const width = args.million ? 2 ** 20 : Number(args.width);
const d = args.million ? 1024 : Number(args.d);
const rows = Number(args.rows);
const folder = mkdtempSync(join(args.folder ?? tmpdir(), "saeq-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const open = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: "disabled",
    enableCpuMemArena: false,
    enableMemPattern: false,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: "/", disable_prepacking: "1" } },
  });

let state = 1;
/** mulberry32, 0 < u < 1 */
function uniform(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
}
const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const normals = Float32Array.from({ length: 2 ** 16 }, normal);

/** Direction of feature j: the same whenever it is asked for. */
function direction(j: number): Float32Array {
  const kept = state;
  state = Math.imul(j + 1, 0x9e3779b1) >>> 0;
  const made = Float32Array.from({ length: d }, () => normals[(uniform() * 2 ** 16) | 0]! / Math.sqrt(d));
  state = kept;
  return made;
}

function writeEncoder(): TensorRef {
  const file = join(folder, "encoder.bin");
  const handle = openSync(file, "w");
  for (let j = 0; j < width; j++) writeSync(handle, Uint16Array.from(new Uint32Array(direction(j).buffer), (word) => word >>> 16));
  closeSync(handle);
  return { file, offset: 0, length: width * d * 2, dtype: "bf16", shape: [width, d] };
}

const frequencies = new Float64Array(width);
for (let j = 0, sum = 0; j < width; j++) frequencies[j] = sum += Math.exp(1.5 * normal());

function drawn(): number {
  const at = uniform() * frequencies[width - 1]!;
  let [low, high] = [0, width - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frequencies[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inputs(margin: number): Float32Array {
  state = 99;
  // Of 1,024 dimensions 50 would leave no room for what is not explained.
  const active = args.million ? 8 : 50;
  const x = new Float32Array(rows * d);
  for (let n = 0; n < rows; n++) {
    const row = x.subarray(n * d, (n + 1) * d);
    for (let k = 0; k < active; k++) {
      const activation = 1 - Math.log(uniform());
      const towards = direction(drawn());
      for (let i = 0; i < d; i++) row[i]! += activation * towards[i]!;
    }
    const explained = row.reduce((sum, value) => sum + value * value, 0);
    const noise = Math.sqrt(Math.max(0, d / margin ** 2 - explained) / d);
    for (let i = 0; i < d; i++) row[i]! += noise * normal();
  }
  return x;
}

function quantized(encoder: TensorRef): { readonly spec: Parameters<typeof openScreen>[1]; readonly seconds: number } {
  const file = join(folder, "levels.bin");
  writeFileSync(file, "");
  truncateSync(file, width * d);
  const started = performance.now();
  const part = quantizeFeatures(encoder, false, 0, width, { file, rowsAt: null });
  return { spec: { levels: { file, offset: 0 }, rows: encoder, ...part }, seconds: (performance.now() - started) / 1000 };
}

/** Only the float32 products, in tiles of 8,192 features over mapped weights: no bias, no comparison, no sparse result. */
async function products(encoder: TensorRef): Promise<(x: ort.Tensor) => Promise<void>> {
  const tiles: ort.InferenceSession[] = [];
  for (let start = 0; start < width; start += 8192) {
    const graph = createGraph("product");
    const x = input(graph, "x", "f32", ["N", d]);
    const end = Math.min(width, start + 8192);
    output(graph, "y", node(graph, "/y", "Gemm", [x, weightRows(graph, "/w", encoder, start, end)], { transB: 1 }), "f32", ["N", end - start]);
    tiles.push(await open(finish(graph, 0).bytes));
  }
  return async (x) => {
    for (const tile of tiles) await tile.run({ x });
  };
}

/** Milliseconds of processor time of this process, whose work is on one thread: what other programs take is not counted. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const same = (a: ArrayBufferView, b: ArrayBufferView): boolean => Buffer.compare(Buffer.from(a.buffer, a.byteOffset, a.byteLength), Buffer.from(b.buffer, b.byteOffset, b.byteLength)) === 0;
const status = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? Number.NaN) / 1024;

const encoder = writeEncoder();
const before = status("RssAnon");
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, status("RssAnon"))), 10);
const { spec, seconds } = quantized(encoder);
const empty = { inputShift: null, preScale: null, k: null, gateBias: null, magnitudeScale: null, outputScale: null };
const sae: SaeSpec = { kind: "jumprelu", digest: "", dIn: d, dSae: width, encoder, encoderLayout: "out_in", decoder: null, noDecoder: "", normalize: "none", bias: new Float32Array(width), threshold: new Float32Array(width).fill(1), ...empty, layer: 0, hook: "resid_post", hookName: "", convention: "saelens", modelName: null, prependBos: true, hookOut: null, module: null, notes: [], format: "sae_lens" };
const screen = openScreen(sae, spec, { open, threads: 1, parts: 1 });
const dense = await open(emitFeatures(sae).bytes);
const gemm = await products(encoder);
const exact = await isExact(open);

console.log(`${cpus()[0]?.model}, one thread; ${width} features of ${d} dimensions, ${rows} rows; onnxruntime-node ${(ort.env.versions as { readonly node?: string }).node ?? ""}; eight-bit products ${exact ? "exact" : "NOT exact: dense"}`);
console.log(`quantised in ${seconds.toFixed(2)} s`);
console.log("margin     L0  candidates  computed  densely    float32 products ms  dense encode ms  screened ms   products/screened  dense/screened  same bits");
for (const margin of args.margins.split(",").map(Number)) {
  const x = inputs(margin);
  const tensor = new ort.Tensor("float32", x, [rows, d]);
  const times: [number[], number[], number[]] = [[], [], []];
  let found: Triples | null = null;
  let equal = true;
  for (let round = 0; round <= Number(args.rounds); round++) {
    const timed = async (which: 0 | 1 | 2, work: () => Promise<void>): Promise<void> => {
      const started = processor();
      await work();
      // The first round maps files.
      if (round > 0) times[which].push(processor() - started);
    };
    await timed(0, () => gemm(tensor));
    await timed(1, async () => {
      const outputs = await dense.run({ shifted: tensor });
      if (found !== null) equal &&= same(outputs["tap0_value"]!.data as Float32Array, found.value) && Array.from(outputs["tap0_feature"]!.data as BigInt64Array).every((feature, at) => Number(feature) === found!.feature[at]);
    });
    await timed(2, async () => void (found = await screenRows(screen, x, exact)));
  }
  const [products, all, screened] = times.map(median) as [number, number, number];
  // Ratios of the same round: what disturbs one disturbs the others.
  const ratio = (which: 0 | 1): number => median(times[which].map((time, round) => time / times[2][round]!));
  const [, candidates, computed, densely] = Array.from(found!.counts) as [number, number, number, number];
  const share = (count: number): string => `${((100 * count) / (rows * width)).toFixed(2)} %`;
  console.log(
    [margin.toFixed(1).padStart(6), (found!.row.length / rows).toFixed(1).padStart(7), share(candidates).padStart(11), share(computed).padStart(9), String(densely).padStart(8), products.toFixed(0).padStart(22), all.toFixed(0).padStart(16), screened.toFixed(0).padStart(12), ratio(0).toFixed(2).padStart(19), ratio(1).toFixed(2).padStart(15), equal ? "  yes" : "  NO"].join(" "),
  );
}
clearInterval(watch);
peak = Math.max(peak, status("RssAnon"));
console.log(`anonymous memory: ${before.toFixed(0)} MB before anything was opened, ${peak.toFixed(0)} MB at most; encoder ${(encoder.length / 2 ** 20).toFixed(0)} MB as stored`);
