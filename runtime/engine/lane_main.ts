/**
 * Without this file nothing would run a graph: it is the engine's process; it and its parts (`lane_*.ts`) alone import onnxruntime-node.
 *
 * A run blocks this process's event loop and a fault in native code ends it, which is why it is a process of its own.
 */
import * as ort from "onnxruntime-node";
import { createSessions, OpeningError, type Opened } from "./lane_sessions.ts";
import { createLaneTexts } from "./lane_continuing.ts";
import { openOnCpu, openSession } from "./lane_session.ts";
import { THREADS_DIFFER } from "./faults.ts";
import type { Asked } from "../kernels/softmax.ts";
import { narrow } from "./narrow.ts";
import { WRITING_SPEED, type Feeds, type TensorData } from "./port.ts";
import { isExact, productSpeed } from "./lane_eight_bits.ts";
import type { Outputs, Reply, Request } from "./protocol.ts";
import { predictRows } from "./lane_predicting.ts";
import { inOrder } from "./lane_requests.ts";
import { quantizeFeatures } from "./quantizing.ts";
import { writingSpeed } from "./lane_writing.ts";
import { openScreen, screenRows } from "./lane_screening.ts";
import { threadsAgree } from "./lane_threads.ts";

const threads = Number(process.argv[2] ?? 1);
const library = process.argv[3] ?? "";
const parts = Number(process.argv[4] ?? 1);

const texts = createLaneTexts();
const sessions = createSessions({
  open: async (content) => {
    const own = content.target?.threads ?? threads;
    await requireAgreement(own, Math.max(parts, content.target?.parts ?? 1));
    return openSession(content, own, library);
  },
  screen: (sae, encoder) => openScreen(sae, encoder, { open: openOnCpu, threads, parts }),
  busy: texts.busy,
});

const openBytes = (bytes: Uint8Array): Promise<ort.InferenceSession> => openOnCpu(bytes, threads);

function tensors(feeds: Feeds): Record<string, ort.Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]));
}

function toData(tensor: ort.Tensor): TensorData {
  const { data, dims } = tensor;
  if (data instanceof Float32Array) return { type: "float32", data, dims };
  if (data instanceof Int32Array) return { type: "int32", data, dims };
  if (data instanceof BigInt64Array) return { type: "int32", data: narrow(data), dims };
  throw new Error(`an output of type ${tensor.type} has no place in a reply`);
}

async function run({ session, screens }: Opened, feeds: Feeds, asked: Asked | undefined): Promise<Outputs> {
  const outputs: Record<string, ort.Tensor> = { ...(await sessions.makingRoom(() => session.run(tensors(feeds)), session)) };
  if (asked !== undefined) {
    const { head } = session;
    if (head === null) throw new Error("a graph without a head predicts nothing");
    return predictRows({ ...head, logits: (rows) => sessions.makingRoom(() => head.logits(rows), session) }, outputs["hidden"]!.data as Float32Array, asked);
  }
  const replies: Record<string, TensorData> = {};
  for (const { tap, screen } of screens) {
    const shifted = outputs[`tap${tap}_shifted`]!;
    delete outputs[`tap${tap}_shifted`];
    const { row, feature, value, counts } = await screenRows(screen, shifted.data as Float32Array, await exactness());
    for (const [name, data] of Object.entries({ row, feature, counts })) replies[`tap${tap}_${name}`] = { type: "int32", data, dims: [data.length] };
    replies[`tap${tap}_value`] = { type: "float32", data: value, dims: [value.length] };
  }
  for (const [name, tensor] of Object.entries(outputs)) if (name.startsWith("tap")) replies[name] = toData(tensor);
  return replies;
}

const agreements = new Map<number, Promise<boolean>>();
async function requireAgreement(count: number, cut: number): Promise<void> {
  if (count === 1) return;
  const agreement = agreements.get(count) ?? threadsAgree(openOnCpu, count, cut);
  agreements.set(count, agreement);
  agreement.catch(() => agreements.delete(count));
  if (!(await agreement)) throw new Error(THREADS_DIFFER);
}

let exact: Promise<boolean> | null = null;
const exactness = (): Promise<boolean> => {
  exact ??= isExact(openBytes);
  exact.catch(() => (exact = null));
  return exact;
};

/** Time counts from when the session is open: it tells the host how large the next batch may be. */
async function answer(request: Exclude<Request, { kind: "stop" }>): Promise<Reply> {
  const { id } = request;
  const timed = async (work: () => Promise<Outputs>): Promise<Reply> => {
    const started = performance.now();
    return { kind: "done", id, outputs: await work(), ms: performance.now() - started };
  };
  switch (request.kind) {
    case "run": {
      const opened = await sessions.of(request.graph);
      return opened === null ? { kind: "missing", id } : timed(() => run(opened, request.feeds, request.asked));
    }
    case "open":
      return (await sessions.of(request.graph)) === null ? { kind: "missing", id } : { kind: "done", id, outputs: {}, ms: 0 };
    case "begin": {
      const opened = await sessions.of(request.graph);
      return opened === null ? { kind: "missing", id } : timed(() => texts.begin(request.text, opened.session, request.prompts, request.drawn));
    }
    case "quantize":
      return timed(async () => {
        const part = quantizeFeatures(request.encoder, request.inOut, request.from, request.to, request.target);
        return Object.fromEntries(Object.entries(part).map(([name, data]) => [name, { type: "float32", data, dims: [data.length] }]));
      });
    case "measure":
      return timed(async () => {
        const { ratio, gflops } = await productSpeed(openBytes);
        return { exact: { type: "int32", data: Int32Array.of((await exactness()) ? 1 : 0), dims: [1] }, speed: { type: "float32", data: Float32Array.of(ratio, gflops), dims: [2] } };
      });
    case "measure_writing":
      return timed(async () => {
        const writing = await writingSpeed(openBytes);
        return { writing: { type: "float32", data: Float32Array.from(WRITING_SPEED, (name) => writing[name]), dims: [WRITING_SPEED.length] } };
      });
    case "step":
      return timed(() => texts.step(request.text, request.keep, request.drawn));
    case "end":
      texts.forget(request.text);
      return { kind: "done", id, outputs: {}, ms: 0 };
    default:
      return request satisfies never;
  }
}

async function reply(request: Exclude<Request, { kind: "stop" }>): Promise<Reply> {
  try {
    return await answer(request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "failed", id: request.id, opening: error instanceof OpeningError, message };
  }
}

ort.env.logLevel = "error";
// Ctrl-C reaches every process of the terminal; whether to stop is the host's decision.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
const take = inOrder({
  reply,
  endRunning: sessions.endRunning,
  send: (message) => {
    if (process.connected) process.send?.(message);
  },
});
process.on("message", take);
