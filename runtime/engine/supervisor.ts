/** Without this file a fault in native code, or a lack of memory, would end the program instead of one query. */
import { fork } from "node:child_process";
import type { ChildProcess, ForkOptions } from "node:child_process";
import type { Socket } from "node:net";
import { stripVTControlCharacters } from "node:util";
import type { EmittedGraph, TensorRef } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { confinedArguments, confinedEnvironment, LANE, offerOnLowMemory } from "./confinement.ts";
import type { PreparedGraph } from "./encoders.ts";
import { environmentOf } from "./device_environment.ts";
import { causeOfDeath } from "./cause_of_death.ts";
import { failureOf } from "./faults.ts";
import { EngineError } from "./port.ts";
import type { EngineOptions, Feeds } from "./port.ts";
import type { Asked } from "../kernels/softmax.ts";
import { partsOfProduct } from "../processor.ts";
import { startsOn, widen, type StartingCores } from "../starting_cores.ts";
import type { GraphContent, GraphReference, Outputs, Prompts, Reply, Request, StepNumbers } from "./protocol.ts";
import type { QuantizeTarget } from "./quantizing.ts";
import { watchOver, type Watch } from "./watch.ts";

export interface Answer {
  readonly outputs: Outputs;
  /** Time inside the runtime. */
  readonly ms: number;
}

/** One engine process, started on first use and again after it died. All calls reject with EngineError. */
export interface Lane {
  /** null while no process lives. */
  readonly pid: number | null;
  /** Start the process now: whoever asks later waits less. What fails here fails again when it is asked, and is told then. */
  start(): void;
  run(graph: PreparedGraph, feeds: Feeds): Promise<Answer>;
  /** Run a graph with a head: what is asked of its rows comes back, as `predicted` takes it. */
  predict(graph: EmittedGraph, feeds: Feeds, asked: Asked): Promise<Answer>;
  /** Open a graph that will be run. */
  open(graph: EmittedGraph): Promise<Answer>;
  /** Quantise features `from` … `to` into the target. */
  quantize(encoder: TensorRef, inOut: boolean, from: number, to: number, target: QuantizeTarget): Promise<Answer>;
  /** Whether the eight-bit product is exact here, and how many times as fast. */
  measure(): Promise<Answer>;
  /** How fast it does what a step of a continuation is made of. */
  measureWriting(): Promise<Answer>;
  /** Read prompts as more rows of what is continued under the number `text`; `next` int32 [rows] is the first new id of each. */
  begin(graph: EmittedGraph, text: number, prompts: Prompts, drawn?: StepNumbers): Promise<Answer>;
  /** The next id of each row, or of those alone that are kept, in that order. */
  step(text: number, keep?: Uint32Array, drawn?: StepNumbers): Promise<Answer>;
  end(text: number): Promise<Answer>;
  /**
   * Ask what runs to end and refuse what waits: their calls reject, or resolve where it was too late. Starts no process. A batch that takes
   * longer than `STOP_MS` to end is ended with its process: providers differ in whether they can end one at all.
   */
  stop(): void;
  /** End the process now; what is pending rejects. The next call starts another. */
  kill(): void;
  /** The same, and wait until it is gone. */
  close(): Promise<void>;
}

/** Lines of native output kept to explain a death. */
const TAIL = 60;
/** How long to wait for what a failing process writes. */
const LAST_WORDS_MS = 100;

/** Whoever cancels waits no longer. A batch of a model of 135M parameters is done by then, and counts. */
const STOP_MS = 500;

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: EngineError) => void;
}

/** A process and what it still owes. */
interface Running {
  readonly child: ChildProcess;
  readonly pending: Map<number, Pending>;
  readonly known: Set<string>;
  readonly tail: string[];
  readonly watch: Watch;
  readonly gone: Promise<void>;
  stopped: boolean;
}

type Sent<T> = T extends Request ? Omit<T, "id"> : never;

/**
 * `log` gets each line that the process writes: native warnings must not reach the terminal. `folder`: the only one that the process may read and write.
 * `onStill`: it owes an answer and is stopped; called again and again. `cores`: where it starts.
 */
export function createLane(options: Pick<EngineOptions, "threads" | "target" | "library">, log: (line: string) => void = () => {}, folder: string | null = null, onStill: (pid: number) => void = () => {}, cores: StartingCores | "one" | null = startsOn()): Lane {
  let running: Running | null = null;
  let numbers = 0;

  const start = (): Running => {
    const started = spawnLane(options, log, folder, onStill, cores);
    // Registered here, so that a dead process is forgotten before anybody hears of it.
    for (const end of ["exit", "error"]) {
      started.child.once(end, () => {
        if (running === started) running = null;
      });
    }
    running = started;
    return started;
  };

  const send = (to: Running, request: Sent<Request>): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const id = ++numbers;
      to.pending.set(id, { resolve, reject });
      to.watch.heard();
      keepAlive(to.child, true);
      // A failed send means that the process is dying: its exit tells why and rejects what is pending.
      if (to.child.connected) to.child.send({ ...request, id }, () => {});
    });

  const ask = async (request: Sent<Request>): Promise<Answer> => {
    const to = running ?? start();
    return answered(to, await send(to, request));
  };

  /** A device that is lost stays lost for its process: the next use starts another. */
  const answered = async (to: Running, reply: Reply): Promise<Answer> => {
    if (reply.kind === "done") return reply;
    if (reply.kind === "missing") throw new EngineError("engine-failed", "the engine could not open the graph", "this is a mistake in saeq: please report it");
    // What the process wrote about it may come after its reply.
    if (reply.opening) await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    const error = failureOf(reply, options.target ?? CPU, to.tail);
    if (error.code === "device-lost" && running === to) await leave();
    throw error;
  };

  // On a device nothing is promised of what its process adds on the CPU.
  const parts = (options.target ?? CPU).provider === "cpu" ? partsOfProduct(options.threads) : 1;

  const askGraph = async (graph: PreparedGraph, request: (graph: GraphReference) => Sent<Request>): Promise<Answer> => {
    if ((graph.target?.parts ?? 1) < parts) throw new Error(`a graph for ${graph.target?.parts ?? 1} parts of a product is run in ${parts}`);
    const to = running ?? start();
    const content: GraphContent = {
      bytes: graph.bytes,
      caches: graph.caches,
      screenings: graph.screenings ?? [],
      ...(graph.target === undefined ? {} : { target: graph.target }),
      ...(graph.tail === undefined ? {} : { tail: graph.tail }),
      ...(graph.head === undefined ? {} : { head: graph.head }),
    };
    // Requests are answered in their order: what was sent is there when the next is read, unless it could not be opened or made room for others.
    const known = to.known.has(graph.key);
    to.known.add(graph.key);
    const reply = await send(to, request({ key: graph.key, content: known ? null : content }));
    return answered(to, reply.kind === "missing" ? await send(to, request({ key: graph.key, content })) : reply);
  };

  const leave = (): Promise<void> => {
    if (running === null) return Promise.resolve();
    const { child, gone } = running;
    running.stopped = true;
    running = null;
    keepAlive(child, true);
    child.kill("SIGKILL");
    return gone;
  };

  return {
    get pid() {
      return running?.child.pid ?? null;
    },
    start: () => {
      try {
        running ?? start();
      } catch {
        // Told by the first call.
      }
    },
    open: (graph) => askGraph(graph, (reference) => ({ kind: "open", graph: reference })),
    run: (graph, feeds) => askGraph(graph, (reference) => ({ kind: "run", graph: reference, feeds })),
    predict: (graph, feeds, asked) => askGraph(graph, (reference) => ({ kind: "run", graph: reference, feeds, asked })),
    begin: (graph, text, prompts, drawn) => askGraph(graph, (reference) => ({ kind: "begin", graph: reference, text, prompts, ...(drawn === undefined ? {} : { drawn }) })),
    quantize: (encoder, inOut, from, to, target) => ask({ kind: "quantize", encoder, inOut, from, to, target }),
    measure: () => ask({ kind: "measure" }),
    measureWriting: () => ask({ kind: "measure_writing" }),
    step: (text, keep, drawn) => ask({ kind: "step", text, ...(keep === undefined ? {} : { keep }), ...(drawn === undefined ? {} : { drawn }) }),
    end: (text) => ask({ kind: "end", text }),
    stop: () => {
      if (running === null || running.pending.size === 0) return;
      const asked = running;
      const waited = [...asked.pending.keys()];
      void send(asked, { kind: "stop" }).catch(() => {});
      setTimeout(() => {
        if (running === asked && waited.some((id) => asked.pending.has(id))) void leave();
      }, STOP_MS).unref();
    },
    kill: () => void leave(),
    close: leave,
  };
}

/**
 * glibc keeps freed blocks of up to 32 MB once it has seen them; the values of one block of a large model would pile up. With fixed limits every
 * large block is returned when it is freed. Smaller ones stay, and are found again only where the scraps that alignment cuts off them are joined
 * with them at once, and not put aside (tcache, mxfast): else each block of the model would take new ones. Llama-3.1-8B shapes with 8 blocks:
 * 0.27 GB a lane instead of 0.40 GB, 0.41 GB instead of 0.73 GB with five texts at a time. Blocks that come and go are cleared by the system a page at
 * a time, which took a third of the time of experts: large pages are asked for (where the system gives them to those who ask, from glibc 2.35 on), and
 * blocks up to 8 MiB, as float32 copies of most experts are, stay in the heap. Shapes of Qwen3-30B-A3B 6.7 s to 4.8 s, of gpt-oss-20b 9.3 to 5.8, of
 * Qwen3.5-2B 11.8 to 10.8, with the same memory (`bench/families`, `bench/memory`). Other allocators ignore this.
 */
export const MEMORY_RETURNS = { MALLOC_MMAP_THRESHOLD_: String(8 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(64 * 2 ** 20), GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0:glibc.malloc.hugetlb=1" };

/** ONNX Runtime 1.30 keeps a device id, notes each session in a database and would send both to its makers; this is its own switch. */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: "1" };

function spawnLane(options: Pick<EngineOptions, "threads" | "target" | "library">, log: (line: string) => void, folder: string | null, onStill: (pid: number) => void, cores: StartingCores | "one" | null): Running {
  const held = cores === "one" ? null : cores;
  // What cores there are is for the process to be told: it may not look.
  const child = fork(LANE, [options.threads, options.library ?? "", partsOfProduct(options.threads)].map(String), {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Debuggers and loaders of the host do not belong here.
    ...startedBy(held, confinedArguments(folder, options.library ?? null)),
    env: { ...confinedEnvironment(process.env), ...MEMORY_RETURNS, ...NO_TELEMETRY, ...environmentOf(options.target ?? CPU) },
    // Out of the terminal's process group, so that no Ctrl-C reaches it, not even while it starts. On Windows this would open a console.
    detached: process.platform !== "win32",
  });
  offerOnLowMemory(child.pid);
  const pending: Running["pending"] = new Map();
  const watch = watchOver(child.pid, () => pending.size > 0, () => onStill(child.pid!));
  const running: Running = { child, pending, known: new Set(), tail: [], watch, gone: gone(child).then(watch.end), stopped: false };
  for (const stream of [child.stdout, child.stderr]) {
    let partial = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (partial + text).split("\n");
      partial = (lines.pop() ?? "").slice(-4096);
      for (const line of lines.map(stripVTControlCharacters)) {
        log(line);
        running.tail.push(line);
        if (running.tail.length > TAIL) running.tail.shift();
      }
    });
  }
  if (held !== null) child.once("message", () => widen(held, child.pid!));
  child.on("message", (reply: Reply) => {
    const waiting = running.pending.get(reply.id);
    watch.heard();
    running.pending.delete(reply.id);
    // One that was told to end is waited for: an answer that arrives before its end must not let the program end first.
    if (running.pending.size === 0 && !running.stopped) keepAlive(child, false);
    waiting?.resolve(reply);
  });
  if (living.size === 0) process.once("exit", killAll);
  living.add(child);
  const fail = (error: EngineError): void => {
    living.delete(child);
    if (living.size === 0) process.off("exit", killAll);
    for (const { reject } of running.pending.values()) reject(error);
    running.pending.clear();
  };
  child.once("error", (error) => fail(new EngineError("engine-died", `the engine could not be started: ${error.message}`, "check that Node may start processes here, then run the query again")));
  child.once("disconnect", () => child.kill("SIGKILL"));
  // "close" and not "exit": by then its last words have been read.
  child.once("close", (code, signal) => fail(causeOfDeath(code, signal, running.tail, running.stopped)));
  keepAlive(child, false);
  return running;
}

/** Node itself, or what holds it to the cores that it starts on and then becomes it. */
function startedBy(held: StartingCores | null, own: readonly string[]): Pick<ForkOptions, "execPath" | "execArgv"> {
  return held === null ? { execArgv: [...own] } : { execPath: held.taskset, execArgv: ["-c", held.first, process.execPath, ...own] };
}

const living = new Set<ChildProcess>();

/** A host that ends in the middle of a batch must not wait for its engine to notice. */
function killAll(): void {
  for (const child of living) child.kill("SIGKILL");
}

function gone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => {
      if (child.pid === undefined) resolve();
    });
  });
}

/** An idle engine must not keep the program from ending; a working one must. */
function keepAlive(child: ChildProcess, working: boolean): void {
  for (const handle of [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null]) {
    if (working) handle?.ref();
    else handle?.unref();
  }
}
