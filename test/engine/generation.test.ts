/** Without this file texts could be put into batches that their graph does not take, be gone on with behind their end, or be left behind in a process; and their results would not show it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { guessPace } from "../../runtime/engine/batching.ts";
import { haltOf } from "../../runtime/engine/dealing.ts";
import { generateOn } from "../../runtime/engine/generation.ts";
import type { JobLimits, Progress } from "../../runtime/engine/port.ts";
import type { Prompts } from "../../runtime/engine/protocol.ts";
import type { Lane } from "../../runtime/engine/supervisor.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";

/** The token behind some: it depends on all of them. */
const follows = (ids: readonly number[]): number => ids.reduce((sum, id, at) => (sum * 31 + id * (at + 1)) % 97, 7);

function expected(prompt: Int32Array, steps: number, end: number | null): readonly number[] {
  const ids = [...prompt];
  while (ids.length < prompt.length + steps && (ids.length === prompt.length || ids.at(-1) !== end)) ids.push(follows(ids));
  return ids.slice(prompt.length);
}

/** A process that goes on with texts, and remembers what it was asked; `fails` throws at a step of its number. */
function recordingLane(fails: (step: number) => boolean): { readonly lane: Lane; readonly begun: Prompts[]; readonly stepped: number[]; readonly held: Map<number, number[][]> } {
  const begun: Prompts[] = [];
  const stepped: number[] = [];
  const held = new Map<number, number[][]>();
  const answer = async (rows: readonly number[][]) => ({ outputs: { next: { type: "int32" as const, data: Int32Array.from(rows, follows), dims: [rows.length] } }, ms: 1 });
  const lane = {
    pid: 1,
    stop: () => {},
    begin: (_: unknown, text: number, prompts: Prompts) => {
      begun.push(prompts);
      const rows = Array.from(prompts.rows, (row) => [...prompts.ids[row]!]);
      held.set(text, [...(held.get(text) ?? []), ...rows]);
      return answer(rows);
    },
    step: async (text: number, keep?: Uint32Array) => {
      const all = held.get(text)!.map((ids) => [...ids, follows(ids)]);
      const rows = keep === undefined ? all : Array.from(keep, (at) => all[at]!);
      stepped.push(rows.length);
      if (fails(stepped.length)) throw new Error("the process ended");
      held.set(text, rows);
      return answer(rows);
    },
    end: async (text: number) => void held.delete(text),
  } as unknown as Lane;
  return { lane, begun, stepped, held };
}

const PROMPTS = [5, 1, 3, 3, 1, 8, 2, 8, 5, 5].map((length, at) => Int32Array.from({ length }, (_, place) => (at < 7 ? at * 11 + place : place)));

interface Asked {
  readonly unlike?: "all" | "steps";
  readonly target?: Target;
  readonly prompts?: readonly Int32Array[];
  readonly steps: number;
  readonly end?: number;
  readonly batch?: number;
  readonly limits?: JobLimits;
  readonly fails?: (step: number) => boolean;
  readonly cancel?: AbortController;
}

async function generated({ unlike, target, prompts = PROMPTS, steps, end, batch, limits, fails = () => false, cancel = new AbortController() }: Asked) {
  const recorded = recordingLane(fails);
  const made = new Map<number, readonly number[]>();
  const progress: Progress[] = [];
  const graph = { caches: [], target, ...(unlike === undefined ? {} : { unlike }) } as unknown as EmittedGraph;
  const halt = haltOf(cancel.signal, new AbortController().signal);
  const error = await generateOn([recorded.lane], guessPace(1e6), { lanes: 1, threads: 1, batch: batch ?? null }, {
    graph,
    prompts,
    steps,
    halt,
    job: {
      signal: cancel.signal,
      onProgress: (now) => progress.push(now),
      onDocument: (index, ids) => {
        assert.not.ok(made.has(index), `text ${index} came twice`);
        made.set(index, [...ids]);
      },
      ...(limits === undefined ? {} : { limits }),
      ...(end === undefined ? {} : { ends: (_, ids) => ids[ids.length - 1] === end }),
    },
  }).then(() => null, (thrown: unknown) => thrown as Error);
  return { ...recorded, made, progress, error };
}

/** A token that some texts end with, and others do not. */
const END = expected(PROMPTS[5]!, 3, null)[1]!;

for (const unlike of ["all", "steps", undefined] as const) {
  for (const batch of [undefined, 1, 3]) {
    test(`texts go on together as their graph takes them, and no further than to their end: unlike ${unlike ?? "nowhere"}, batch ${batch ?? "as it fits"}`, async () => {
      for (const end of [undefined, END]) {
        for (const steps of [0, 1, 6]) {
          const { made, begun, stepped, held, progress, error } = await generated({ ...(unlike === undefined ? {} : { unlike }), steps, ...(end === undefined ? {} : { end }), ...(batch === undefined ? {} : { batch }) });
          assert.is(error, null);
          assert.equal([...made].sort(([a], [b]) => a - b), PROMPTS.map((prompt, at) => [at, expected(prompt, steps, end ?? null)]));
          assert.is(held.size, 0, "something is kept that nobody goes on with");
          if (steps > 0) assert.equal(progress.at(-1), { documents: PROMPTS.length, totalDocuments: PROMPTS.length, tokens: progress[0]!.totalTokens, totalTokens: progress[0]!.totalTokens });
          if (steps <= 1) assert.is(stepped.length, 0);
          if (steps === 0) assert.is(begun.length, 0);
          for (const { ids, columns } of begun) {
            assert.ok(ids.length * columns >= 2, "one row alone takes another kernel");
            assert.ok(ids.every(({ length }) => length <= columns));
            if (unlike !== "all") assert.ok(ids.every(({ length }) => length === columns), "texts of unlike lengths are read together");
          }
          if (unlike !== undefined && batch === undefined && steps === 6 && end === undefined) assert.equal(stepped, [10, 10, 10, 10, 10]);
          if (unlike === undefined && steps === 6 && end === undefined) assert.ok(begun.length >= 5 && stepped.length === 5 * begun.length);
        }
      }
    });
  }
}

test("copies of a prompt are read once, and of many tokens no more at a time than the limit says", async () => {
  const copies = await generated({ unlike: "all", prompts: Array.from({ length: 30 }, () => PROMPTS[5]!), steps: 2 });
  assert.equal(copies.begun.map(({ ids, rows }) => [ids.length, rows.length]), [[1, 30]]);
  const long = Array.from({ length: 12 }, (_, at) => new Int32Array(100).fill(at));
  const { begun, made } = await generated({ unlike: "all", prompts: long, steps: 2, limits: { lanes: 1, tokens: 400, rows: 12 } });
  assert.equal(begun.map(({ ids }) => ids.length), [4, 4, 4]);
  assert.is(made.size, 12);
});

test("prompts are padded as bits want it where bits are promised, and elsewhere to the longest", async () => {
  const columns = async (target?: Target): Promise<readonly number[]> => (await generated({ unlike: "all", ...(target === undefined ? {} : { target }), prompts: [1, 2, 3].map((id) => new Int32Array(7).fill(id)), steps: 2 })).begun.map((part) => part.columns);
  assert.equal([await columns(), await columns({ provider: "webgpu", dtype: "f32" })], [[8], [7]]);
});

test("texts that have ended leave where others go on", async () => {
  const { stepped } = await generated({ unlike: "all", steps: 6, end: END });
  const going = (step: number): number => PROMPTS.filter((prompt) => expected(prompt, 6, END).length > step).length;
  stepped.forEach((rows, at) => assert.ok(rows >= going(at + 1) && rows - going(at + 1) <= rows / 8, `${rows} rows for ${going(at + 1)} texts`));
});

test("what was finished before a process died or the query was cancelled is kept, and nothing hangs", async () => {
  const died = await generated({ unlike: "all", steps: 6, end: END, fails: (step) => step === 4 });
  assert.match(died.error!.message, "the process ended");
  assert.ok(died.made.size > 0 && died.made.size < PROMPTS.length);
  for (const [at, ids] of died.made) assert.equal(ids, expected(PROMPTS[at]!, 6, END));
  const cancel = new AbortController();
  const cancelled = await generated({ unlike: "all", steps: 6, cancel, fails: (step) => (step === 2 && cancel.abort(), false) });
  assert.equal([cancelled.error?.name, cancelled.made.size, cancelled.stepped.length, cancelled.held.size], ["AbortError", 0, 2, 0]);
});

test.run();
