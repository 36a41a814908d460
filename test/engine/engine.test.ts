/** Without this file nothing would show how jobs are dealt, counted, cancelled and failed: over lanes that compute nothing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MOST_ACTIVE } from "../../runtime/engine/batching.ts";
import { engineOver } from "../../runtime/engine/engine.ts";
import { EngineError } from "../../runtime/engine/port.ts";
import type { Document } from "../../runtime/engine/port.ts";
import type { Answer, Lane } from "../../runtime/engine/supervisor.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { collect } from "./small_model.ts";

const graph: EmittedGraph = { key: "g", bytes: new Uint8Array(0), inputs: [], outputs: ["tap0_dense"], caches: [], mappedBytes: 0, flopsPerToken: 1e6, operators: 1 };
const documents: Document[] = Array.from({ length: 50 }, (_, i) => ({ ids: new Int32Array(1 + (i * 7) % 23).fill(i), wanted: i === 9 ? new Uint32Array(0) : Uint32Array.of(0) }));

/** Calls under way, by the moment of a clock that moves only when everybody waits: no order depends on how busy the machine is. */
const due: { readonly at: number; readonly ring: () => void }[] = [];
let clock = 0;

function wait(ticks: number): Promise<void> {
  return new Promise((ring) => {
    if (due.length === 0) setImmediate(tick);
    due.push({ at: clock + ticks, ring });
  });
}

function tick(): void {
  due.sort((a, b) => a.at - b.at);
  const next = due.shift();
  if (next === undefined) return;
  clock = next.at;
  next.ring();
  // What the call sets in motion comes before the next one ends.
  if (due.length > 0) setImmediate(tick);
}

/** Answers each wanted row with the id found there, `delay` ticks later; `before` may throw. */
function fakeLane(delay: () => number, before: (call: number) => void = () => {}): Lane {
  let calls = 0;
  const answer = async (outputs: Answer["outputs"]): Promise<Answer> => {
    const call = ++calls;
    await wait(delay());
    before(call);
    return { outputs, ms: 5 };
  };
  return {
    pid: 1,
    start: () => {},
    open: () => answer({}),
    run: (_graph, feeds) => {
      const ids = feeds["input_ids"]!.data as BigInt64Array;
      const wanted = feeds["wanted"]!.data as BigInt64Array;
      return answer({ tap0_dense: { type: "float32", data: Float32Array.from(wanted, (at) => Number(ids[Number(at)])), dims: [wanted.length, 1] } });
    },
    predict: () => answer({}),
    begin: (_graph, _text, { ids, rows }) => answer({ next: { type: "int32", data: Int32Array.from(rows, (row) => ids[row]!.at(-1)! + 1), dims: [rows.length] } }),
    step: () => answer({ next: { type: "int32", data: new Int32Array(64).fill(5), dims: [64] } }),
    end: () => answer({}),
    stop: () => {},
    quantize: () => answer({}),
    measure: () => answer({}),
    measureWriting: () => answer({}),
    kill: () => {},
    close: async () => {},
  };
}

const options = { lanes: 3, threads: 1, batch: null };

test("every document comes once, with its own values, whichever lane is slow", async () => {
  let lane = 0;
  const engine = engineOver(options, () => {
    const slow = lane++ * 4;
    return fakeLane(() => slow);
  });
  const { taps, progress } = await collect(engine, graph, 1, documents);
  taps.forEach((outputs, i) => assert.equal(outputs, [{ kind: "dense", width: 1, values: i === 9 ? new Float32Array(0) : Float32Array.of(i) }]));
  const tokens = documents.reduce((sum, { ids }, i) => sum + (i === 9 ? 0 : ids.length), 0);
  assert.equal(progress[0], { documents: 0, totalDocuments: 50, tokens: 0, totalTokens: tokens });
  assert.equal(progress.at(-1), { documents: 50, totalDocuments: 50, tokens, totalTokens: tokens });
  progress.slice(1).forEach((now, i) => assert.ok(now.tokens >= progress[i]!.tokens && now.documents > progress[i]!.documents));
});

test("limits bound the lanes that work and the tokens and rows of each batch; a text is never cut", async () => {
  const started = new Set<number>();
  const batches: { readonly texts: number; readonly tokens: number; readonly rows: number }[] = [];
  let made = 0;
  const engine = engineOver(options, () => {
    const number = made++;
    const lane = fakeLane(() => 1);
    return {
      ...lane,
      run: (one, feeds) => {
        started.add(number);
        const [texts, longest] = feeds["input_ids"]!.dims as [number, number];
        batches.push({ texts, tokens: texts * longest, rows: feeds["wanted"]!.data.length });
        return lane.run(one, feeds);
      },
    };
  });
  const long: Document[] = Array.from({ length: 40 }, (_, i) => ({ ids: new Int32Array(32).fill(i), wanted: Uint32Array.of(1, 2, 3) }));
  const job = { signal: new AbortController().signal, onProgress: () => {}, onDocument: () => {} };
  await engine.forward(graph, 1, long, { ...job, limits: { lanes: 2, tokens: 128, rows: 1000 } });
  assert.equal([started.size, batches.length], [2, 10]);
  assert.ok(batches.every(({ texts, tokens }) => texts === 4 && tokens === 128));
  batches.length = 0;
  await engine.forward(graph, 1, long, { ...job, limits: { lanes: 1, tokens: 4096, rows: 6 } });
  assert.ok(batches.every(({ rows }) => rows === 6));
  batches.length = 0;
  await engine.forward(graph, 1, long, { ...job, limits: { lanes: 1, tokens: 1, rows: 1 } });
  assert.ok(batches.length === 40 && batches.every(({ texts, tokens }) => texts === 1 && tokens === 32));
});

test("where rows have more active features than memory is reckoned with, the next batches have fewer rows", async () => {
  const sparse: EmittedGraph = { ...graph, outputs: ["tap0_row", "tap0_feature", "tap0_value"] };
  const many: Document[] = Array.from({ length: 12 }, (_, i) => ({ ids: new Int32Array(4).fill(i), wanted: Uint32Array.of(0, 1, 2, 3) }));
  const active = 3 * MOST_ACTIVE;
  const rows: number[] = [];
  const engine = engineOver({ ...options, lanes: 1 }, () => ({
    ...fakeLane(() => 1),
    run: async (_graph, feeds) => {
      const count = feeds["wanted"]!.data.length;
      rows.push(count);
      await wait(1);
      const triples = Array.from({ length: count * active }, (_, i) => i);
      const ints = (of: (i: number) => number) => ({ type: "int32", data: Int32Array.from(triples, of), dims: [triples.length] }) as const;
      return { outputs: { tap0_row: ints((i) => Math.floor(i / active)), tap0_feature: ints((i) => i % active), tap0_value: { type: "float32", data: new Float32Array(triples.length).fill(1), dims: [triples.length] } }, ms: 5 };
    },
  }));
  const job = { signal: new AbortController().signal, onProgress: () => {}, onDocument: () => {} };
  await engine.forward(sparse, 1, many, { ...job, limits: { lanes: 1, tokens: 4096, rows: 24 } });
  assert.equal(rows, [24, 8, 8, 8]);
});

test("a lane that is alone has its next batch waiting, once its first is done; several have none", async () => {
  for (const [lanes, most] of [[1, 2], [2, 1]] as const) {
    const counts: number[][] = [];
    const engine = engineOver({ ...options, lanes, batch: 5 }, () => {
      const lane = fakeLane(() => 2);
      const seen: number[] = [];
      counts.push(seen);
      let waiting = 0;
      return {
        ...lane,
        run: async (one, feeds) => {
          seen.push(++waiting);
          try {
            return await lane.run(one, feeds);
          } finally {
            waiting--;
          }
        },
      };
    });
    const { taps } = await collect(engine, graph, 1, documents);
    taps.forEach((outputs, i) => assert.equal(outputs, [{ kind: "dense", width: 1, values: i === 9 ? new Float32Array(0) : Float32Array.of(i) }]));
    for (const seen of counts) {
      assert.is(seen[0], 1);
      assert.is(Math.max(...seen), most);
    }
  }
});

test("an abort lets running batches finish, starts none, and says AbortError", async () => {
  const engine = engineOver({ ...options, batch: 2 }, () => fakeLane(() => 2));
  const stop = new AbortController();
  let told = 0;
  const job = collect(engine, graph, 1, documents, stop.signal, (n) => {
    told = n;
    if (n === 4) stop.abort();
  });
  await job.then(() => assert.unreachable(), (error) => assert.is(error.name, "AbortError"));
  assert.ok(told >= 4 && told <= 8, `${told} documents`);
  const again = await collect(engine, graph, 1, documents);
  assert.is(again.taps.filter((outputs) => outputs !== undefined).length, 50);
});

test("an abort before the start runs nothing", async () => {
  const engine = engineOver(options, () => fakeLane(() => 0));
  await collect(engine, graph, 1, documents, AbortSignal.abort()).then(() => assert.unreachable(), (error) => assert.is(error.name, "AbortError"));
});

test("the first failure is told once; what other lanes finished is kept", async () => {
  let lane = 0;
  const engine = engineOver({ ...options, batch: 1 }, () => {
    const broken = lane++ === 1;
    return fakeLane(() => (broken ? 1 : 3), () => {
      if (broken) throw new EngineError("engine-died", "gone", "again");
    });
  });
  let told = 0;
  await collect(engine, graph, 1, documents, undefined, (n) => (told = n)).then(() => assert.unreachable(), (error) => assert.is(error.code, "engine-died"));
  assert.is(told, 2);
});

test("a mistake in a callback is thrown as it is", async () => {
  const engine = engineOver(options, () => fakeLane(() => 0));
  const job = collect(engine, graph, 1, documents, undefined, () => {
    throw new RangeError("mine");
  });
  await job.then(() => assert.unreachable(), (error) => assert.instance(error, RangeError));
});

test("no documents", async () => {
  const engine = engineOver(options, () => fakeLane(() => 0));
  const { progress } = await collect(engine, graph, 1, []);
  assert.is(progress.length, 1);
});

test("continuations stop between two steps and deliver whole texts only", async () => {
  const engine = engineOver({ ...options, lanes: 1, batch: 2 }, () => fakeLane(() => 1));
  const prompts = [Int32Array.of(1, 2), Int32Array.of(3), Int32Array.of(4), Int32Array.of(6)];
  const run = (signal: AbortSignal, onDocument: (index: number, ids: Int32Array) => void, steps = 3): Promise<void> => engine.generate(graph, prompts, steps, { signal, onProgress: () => {}, onDocument });
  const made = new Map<number, number[]>();
  await run(new AbortController().signal, (index, ids) => made.set(index, [...ids]));
  assert.equal([...made].sort((a, b) => a[0] - b[0]), [[0, [3, 5, 5]], [1, [4, 5, 5]], [2, [5, 5, 5]], [3, [7, 5, 5]]]);
  const stop = new AbortController();
  const kept: number[] = [];
  const job = run(stop.signal, (index) => {
    kept.push(index);
    stop.abort();
  });
  await job.then(() => assert.unreachable(), (error) => assert.is(error.name, "AbortError"));
  assert.equal(kept, [0]);
  const none: number[] = [];
  await run(new AbortController().signal, (_, ids) => none.push(ids.length), 0);
  assert.equal(none, [0, 0, 0, 0]);
});

test("a closed engine refuses", async () => {
  const engine = engineOver(options, () => fakeLane(() => 0));
  await engine.close();
  await collect(engine, graph, 1, documents).then(() => assert.unreachable(), (error) => assert.match(error.message, "closed"));
});

test.run();
