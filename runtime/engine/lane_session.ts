/** Without this file the engine's process would know one device only: it opens a graph where it is to run, and runs it in its one or two parts. */
import { parse } from "node:path";
import * as ort from "onnxruntime-node";
import { arrangement, emitArrange } from "../../src/emit/arrange.ts";
import type { CacheInput, GraphHead } from "../../src/emit/specs.ts";
import { CPU, type Target } from "../../src/emit/target.ts";
import type { PluginSession, PluginTensor } from "./plugin/plugin_session.ts";
import { compacted, FIRST_PLACES, placesToAsk, tooFew } from "./compaction.ts";
import type { GraphContent } from "./protocol.ts";

export type Tensors = Readonly<Record<string, ort.Tensor>>;

/** The head of a model: rows f32 [n, width], n ≥ 2, behind the last norm → logits f32 [n, vocabulary], before they are capped. */
export interface LaneHead extends Omit<GraphHead, "bytes"> {
  readonly logits: (rows: Float32Array) => Promise<Float32Array>;
}

/** A graph that is open. */
export interface LaneSession {
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  readonly caches: GraphContent["caches"];
  /** Run the graph that arranges such a cache where it lies (`emitArrange`). */
  readonly arrange: (cache: CacheInput, feeds: Tensors) => Promise<ort.Tensor>;
  /** null where the graph has none. */
  readonly head: LaneHead | null;
  /** Ask a running call to end: it rejects. Without effect where nothing runs, or where a call of the provider cannot be ended. */
  readonly end: () => void;
  readonly release: () => Promise<void>;
}

/** The output that becomes an input `past_…` at the next step. */
export const presentOf = (past: string): string => past.replace("past_", "present_");

type Options = ort.InferenceSession.SessionOptions;

/** A graph of the engine process itself, on its CPU whatever device the model runs on. */
export const openOnCpu = (bytes: Uint8Array, threads: number): Promise<ort.InferenceSession> => ort.InferenceSession.create(bytes, cpuOptions(threads));

function cpuOptions(threads: number): Options {
  return {
    executionProviders: ["cpu"],
    // Constant folding would turn every mapped bf16 weight into a float32 copy.
    graphOptimizationLevel: "disabled",
    enableCpuMemArena: false,
    // A pattern is planned and kept for every new shape, and batches have many.
    enableMemPattern: false,
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: {
      session: {
        // Weights are found below the root of the file system (on Windows: of this drive), wherever the checkpoint lies.
        model_external_initializers_file_folder_path: parse(process.cwd()).root,
        // Prepacking would copy mapped float32 weights into memory of this process.
        disable_prepacking: "1",
      },
    },
  };
}

/**
 * On a device weights are copied to it once, so their casts are folded when the session is made; folding is done by the processor, and is left
 * out where weights are used as they are stored and it took most of the start (CUDA in bfloat16). A node without a kernel is an error:
 * ONNX Runtime would else move it to the CPU and say nothing. `enableInt64`: token ids and row numbers are int64. `staying`: outputs that stay where they are made.
 */
function deviceOptions(target: Target, threads: number, severity: 1 | 3, staying: readonly string[]): Options {
  const usual = cpuOptions(threads);
  return {
    ...usual,
    executionProviders: [target.provider],
    graphOptimizationLevel: target.provider === "cuda" && target.dtype === "bf16" ? "disabled" : "basic",
    logSeverityLevel: severity,
    // Keys and values stay where they are made. The binding knows buffers of WebGPU alone: with CUDA they travel to the host and back.
    ...(target.provider === "webgpu" && staying.length > 0 ? { preferredOutputLocation: Object.fromEntries(staying.map((name) => [name, "gpu-buffer" as const])) } : {}),
    extra: { session: { ...(usual.extra as { session: object }).session, disable_cpu_ep_fallback: "1" }, ep: { webgpuexecutionprovider: { enableInt64: "1" } } },
  };
}

/** The part of a session that is used here; the binding's own has it. */
interface Head {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, ort.Tensor>): Promise<Tensors>;
  /** Absent where the binding has no such call: there a run blocks the process, and nothing could ask. */
  end?(): void;
  release(): Promise<void>;
}

type OpenPlugin = (bytes: Uint8Array, library: string, threads: number) => Promise<PluginSession>;

/** Loaded only where a plugin is asked for: FFI is optional. */
const onPlugin: OpenPlugin = async (...asked) => (await import("./plugin/plugin_head.ts")).openOnPlugin(...asked);

async function openPlugin(content: GraphContent, threads: number, library: string, open: OpenPlugin): Promise<Head> {
  const session = await open(content.bytes, library, threads);
  return {
    inputNames: session.inputNames,
    run: async (feeds) => {
      const outputs = await session.run(Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) => [name, { type, data, dims } as PluginTensor])));
      return Object.fromEntries(Object.entries(outputs).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type as "float32", data as Float32Array, dims)]));
    },
    end: session.terminate,
    release: async () => session.release(),
  };
}

async function openHead(content: GraphContent, target: Target, threads: number, library: string, plugin: OpenPlugin): Promise<Head> {
  if (target.provider === "openvino") return openPlugin(content, threads, library, plugin);
  if (target.provider === "cpu") return openOnCpu(content.bytes, threads);
  const staying = content.caches.map(({ name }) => presentOf(name));
  try {
    return await ort.InferenceSession.create(content.bytes, deviceOptions(target, threads, 3, staying));
  } catch (error) {
    // Asked again so that its log, which the host reads, names the nodes without a kernel.
    if (error instanceof Error && /fallback to CPU EP has been explicitly disabled/.test(error.message)) return ort.InferenceSession.create(content.bytes, deviceOptions(target, threads, 1, staying));
    throw error;
  }
}

/** Open a graph. Rejects with ONNX Runtime's own error. `plugin`: what opens a plugin's session; tests have none of its devices. */
export async function openSession(content: GraphContent, threads: number, library = "", plugin: OpenPlugin = onPlugin): Promise<LaneSession> {
  const target = content.target ?? CPU;
  const head = await openHead(content, target, threads, library, plugin);
  const last = content.head === undefined ? null : await openHead({ ...content, bytes: content.head.bytes, caches: [] }, target, threads, library, plugin);
  const tail = content.tail === undefined ? null : await openOnCpu(content.tail.bytes, threads);
  const compactions = content.tail?.compactions ?? [];
  const arranging = new Map<string, ort.InferenceSession>();
  let places = FIRST_PLACES;
  let ended = false;

  /** Between the parts of one run: a part that could not be ended is the last. */
  const goOn = (): void => {
    if (ended) throw new Error("ended while it ran");
  };

  const runHead = async (feeds: Tensors): Promise<Tensors> => {
    const asked = (k: number): Tensors => Object.fromEntries(Object.entries(placesToAsk(compactions, k)).map(([name, value]) => [name, new ort.Tensor("int64", BigInt64Array.of(BigInt(value)), [1])]));
    const outputs = await head.run(pick({ ...feeds, ...asked(places) }, head.inputNames));
    const more = tooFew(outputs, compactions, places);
    if (more === null) return outputs;
    // A token has more active features than were asked for: the same batch again with room for all of them.
    places = more;
    goOn();
    return head.run(pick({ ...feeds, ...asked(places) }, head.inputNames));
  };

  return {
    run: async (feeds) => {
      ended = false;
      const outputs = await runHead({ ...feeds, start: startOf(feeds) });
      if (tail === null) return outputs;
      goOn();
      const made = Object.fromEntries(Object.entries(compacted(outputs, compactions)).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type as "float32", data as Float32Array, dims)]));
      return { ...outputs, ...(await tail.run(pick({ ...outputs, ...made }, tail.inputNames))) };
    },
    caches: content.caches,
    arrange: async (cache, feeds) => {
      goOn();
      const name = arrangement(cache);
      const session = arranging.get(name) ?? (await ort.InferenceSession.create(emitArrange(cache, target).bytes, deviceOptions(target, threads, 3, ["arranged"])));
      arranging.set(name, session);
      const { arranged } = await session.run(pick(feeds, session.inputNames));
      return arranged!;
    },
    head: content.head === undefined || last === null ? null : headOf(content.head, last, goOn),
    end: () => {
      ended = true;
      head.end?.();
      last?.end?.();
    },
    release: async () => {
      await head.release();
      await last?.release();
      await tail?.release();
      for (const session of arranging.values()) await session.release();
    },
  };
}

function headOf({ bytes: _, ...facts }: GraphHead, session: Head, goOn: () => void): LaneHead {
  return {
    ...facts,
    logits: async (rows) => {
      goOn();
      const { logits } = await session.run({ hidden: new ort.Tensor("float32", rows, [rows.length / facts.width, facts.width]) });
      return logits!.data as Float32Array;
    },
  };
}

function pick(values: Tensors, names: readonly string[]): Record<string, ort.Tensor> {
  return Object.fromEntries(names.map((name) => [name, values[name]!]));
}

/** Position of the first new token: asked for by graphs whose attention is made of standard operators. */
function startOf(feeds: Tensors): ort.Tensor {
  const total = (feeds["total"]?.data as Int32Array | undefined)?.[0] ?? 0;
  const fed = Number((feeds["layout"]?.data as BigInt64Array | undefined)?.[1] ?? 0);
  return new ort.Tensor("int32", Int32Array.of(total - fed), [1]);
}
