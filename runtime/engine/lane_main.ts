/**
 * Without this file nothing would run a graph: it is the engine's process; it and its parts (`lane_*.ts`) alone import onnxruntime-node.
 *
 * A run blocks this process's event loop and a fault in native code ends it, which is why it is a process of its own.
 */
import * as ort from "onnxruntime-node";
import type { CacheInput } from "../../src/emit/specs.ts";
import { createSessions, OpeningError, type Opened } from "./lane_sessions.ts";
import { openOnCpu, openSession, presentOf, type LaneSession } from "./lane_session.ts";
import { THREADS_DIFFER } from "./faults.ts";
import type { Asked } from "../kernels/softmax.ts";
import { narrow } from "./narrow.ts";
import type { Feeds, TensorData } from "./port.ts";
import { isExact, productSpeed } from "./lane_eight_bits.ts";
import type { Outputs, Reply, Request, StepNumbers } from "./protocol.ts";
import { drawnIds, predictRows } from "./lane_predicting.ts";
import { inOrder } from "./lane_requests.ts";
import { quantizeFeatures } from "./quantizing.ts";
import { openScreen, screenRows } from "./lane_screening.ts";
import { threadsAgree } from "./lane_threads.ts";

const threads = Number(process.argv[2] ?? 1);
const library = process.argv[3] ?? "";
const parts = Number(process.argv[4] ?? 1);

/** Cache of one generation: what every step feeds back. */
interface Text {
  readonly session: LaneSession;
  cache: Record<string, ort.Tensor>;
  next: Int32Array;
  length: number;
}

const texts = new Map<number, Text>();
const sessions = createSessions({
  open: async (content) => {
    const own = content.target?.threads ?? threads;
    await requireAgreement(own, Math.max(parts, content.target?.parts ?? 1));
    return openSession(content, own, library);
  },
  screen: (sae, encoder) => openScreen(sae, encoder, { open: openOnCpu, threads, parts }),
  busy: (session) => [...texts.values()].some((text) => text.session === session),
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

/** Feed [B, T] new ids after `text.length` cached ones; the cache grows and the next ids come out. */
async function advance(text: Text, ids: BigInt64Array, documents: number, drawn: StepNumbers | undefined): Promise<Outputs> {
  const fed = ids.length / documents;
  const total = text.length + fed;
  const outputs = await text.session.run({
    ...text.cache,
    input_ids: new ort.Tensor("int64", ids, [documents, fed]),
    layout: new ort.Tensor("int64", BigInt64Array.of(BigInt(documents), BigInt(fed), -1n), [3]),
    lengths: new ort.Tensor("int32", new Int32Array(documents).fill(total), [documents]),
    total: new ort.Tensor("int32", Int32Array.of(total), [1]),
  });
  const cache = Object.fromEntries(text.session.caches.map(({ name }) => [name, outputs[presentOf(name)]!]));
  for (const old of Object.values(text.cache)) if (old.location !== "cpu") old.dispose();
  text.cache = cache;
  text.length = total;
  text.next = drawn === undefined ? narrow(outputs["next"]!.data as BigInt64Array) : drawnIds(outputs["logits"]!.data as Float32Array, drawn);
  return { next: { type: "int32", data: text.next, dims: [documents] } };
}

/** Keys and values on a device are freed by hand. */
function forget(number: number): void {
  for (const tensor of Object.values(texts.get(number)?.cache ?? {})) if (tensor.location !== "cpu") tensor.dispose();
  texts.delete(number);
}

/** What is kept of no tokens: nothing, or zeros where it is of one size whatever was read. The first dimension is that of the texts. */
function emptyPast(declared: CacheInput["dims"], documents: number): readonly number[] {
  return declared.map((dim, at) => (at === 0 ? documents : typeof dim === "number" ? dim : 0));
}

async function begin(session: LaneSession, { text: number, prompts, drawn }: Request & { readonly kind: "begin" }): Promise<Outputs> {
  const documents = prompts.length;
  const cache: Record<string, ort.Tensor> = {};
  for (const { name, element, dims: declared } of session.caches) {
    const dims = emptyPast(declared, documents);
    const size = dims.reduce((product, dim) => product * dim, 1);
    cache[name] = element === "f16" ? new ort.Tensor("float16", new Uint16Array(size), dims) : new ort.Tensor("float32", new Float32Array(size), dims);
  }
  const text: Text = { session, cache, next: new Int32Array(0), length: 0 };
  const ids = BigInt64Array.from(prompts.flatMap((prompt) => Array.from(prompt, BigInt)));
  const outputs = await advance(text, ids, documents, drawn);
  texts.set(number, text);
  return outputs;
}

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
      return opened === null ? { kind: "missing", id } : timed(() => begin(opened.session, request));
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
    case "step": {
      const text = texts.get(request.text);
      if (text === undefined) throw new Error(`no text ${request.text} is being continued`);
      return timed(() => advance(text, BigInt64Array.from(text.next, BigInt), text.next.length, request.drawn));
    }
    case "end":
      forget(request.text);
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
