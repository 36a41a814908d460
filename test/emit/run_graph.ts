/** Without this file each test of a graph would feed it in a way of its own. */
import * as ort from "onnxruntime-node";
import { fedAs } from "../../runtime/engine/batching.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";

export type Outputs = Readonly<Record<string, ort.Tensor>>;

const options: ort.InferenceSession.SessionOptions = {
  graphOptimizationLevel: "disabled",
  enableCpuMemArena: false,
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
  // Threads that wait for the next product would turn in circles, and there are more of them than cores.
  extra: { session: { intra_op: { allow_spinning: "0" }, model_external_initializers_file_folder_path: "/", disable_prepacking: "1" } },
};

export const openBytes = (bytes: Uint8Array, threads = 1): Promise<ort.InferenceSession> => ort.InferenceSession.create(bytes, { ...options, intraOpNumThreads: threads });
export const openGraph = (graph: EmittedGraph, threads = 1): Promise<ort.InferenceSession> => openBytes(graph.bytes, threads);

export const int64 = (values: readonly number[], dims: readonly number[]): ort.Tensor => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), dims);
const int32 = (values: readonly number[], dims: readonly number[]): ort.Tensor => new ort.Tensor("int32", Int32Array.from(values), dims);

/** Feeds of `emitForward` for every position of these documents, in order. */
export function forwardFeeds(documents: readonly (readonly number[])[], padTo = 0, uneven: readonly number[] = []): Record<string, ort.Tensor> {
  const longest = Math.max(padTo, ...documents.map((ids) => ids.length));
  const S = fedAs(longest, uneven);
  const B = documents.length;
  const wanted = documents.flatMap((ids, b) => ids.map((_, position) => b * S + position));
  const rows = wanted.length === 1 ? [...wanted, ...wanted] : wanted;
  return {
    input_ids: int64(documents.flatMap((ids) => [...ids, ...new Array<number>(S - ids.length).fill(1)]), [B, S]),
    layout: int64([B, S, -1], [3]),
    lengths: int32(documents.map(() => S), [B]),
    total: int32([S], [1]),
    wanted: int64(rows, [rows.length]),
  };
}

export const floats = (outputs: Outputs, name: string): Float32Array => outputs[name]?.data as Float32Array;

/** Dense residuals of each document, [length, d]. */
export async function residuals(session: ort.InferenceSession, documents: readonly (readonly number[])[], d: number, padTo = 0, uneven: readonly number[] = []): Promise<readonly Float32Array[]> {
  const all = floats(await session.run(forwardFeeds(documents, padTo, uneven)), "tap0_dense");
  let at = 0;
  return documents.map((ids) => all.slice(at, (at += ids.length * d)));
}

/** (row, feature, value) of tap `index`. */
export function triples(outputs: Outputs, index = 0): readonly (readonly [number, number, number])[] {
  const rows = outputs[`tap${index}_row`]?.data as BigInt64Array;
  const features = outputs[`tap${index}_feature`]?.data as BigInt64Array;
  const values = floats(outputs, `tap${index}_value`);
  return Array.from(values, (value, at) => [Number(rows[at]), Number(features[at]), value] as const);
}

export async function encodeRows(graph: EmittedGraph, x: Float32Array, d: number): Promise<readonly (readonly [number, number, number])[]> {
  const session = await openGraph(graph);
  const outputs = await session.run({ residual: new ort.Tensor("float32", x, [x.length / d, d]) });
  await session.release();
  return triples(outputs);
}

/** Greedy continuation of prompts of one length. */
export async function generate(session: ort.InferenceSession, prompts: readonly (readonly number[])[], steps: number): Promise<readonly (readonly number[])[]> {
  const B = prompts.length;
  const T = prompts[0]?.length ?? 0;
  const caches = session.inputMetadata.flatMap((meta) => (meta.isTensor && meta.name.startsWith("past_") ? [meta] : []));
  const describe = (tokens: number, length: number): Record<string, ort.Tensor> => ({
    layout: int64([B, tokens, -1], [3]),
    lengths: int32(prompts.map(() => length), [B]),
    total: int32([length], [1]),
    last: int64(prompts.map((_, b) => (b + 1) * tokens - 1), [B]),
    ...(session.inputMetadata.some(({ name }) => name === "places") ? { places: int64(prompts.flatMap(() => Array.from({ length: tokens }, (__, at) => length - tokens + at)), [B, tokens]) } : {}),
  });
  let feeds: Record<string, ort.Tensor> = { input_ids: int64(prompts.flat(), [B, T]), ...describe(T, T) };
  for (const { name, shape } of caches) {
    const dims = shape.map((dim, at) => (at === 0 ? B : typeof dim === "number" ? dim : 0));
    feeds[name] = new ort.Tensor("float32", new Float32Array(dims.reduce((product, dim) => product * dim, 1)), dims);
  }
  const out = prompts.map((): number[] => []);
  for (let step = 1; step <= steps; step += 1) {
    const outputs = await session.run(feeds);
    const next = Array.from(outputs.next?.data as BigInt64Array, Number);
    next.forEach((id, b) => out[b]?.push(id));
    feeds = { input_ids: int64(next, [B, 1]), ...describe(1, T + step) };
    for (const { name } of caches) feeds[name] = outputs[name.replace("past_", "present_")] as ort.Tensor;
  }
  return out;
}
