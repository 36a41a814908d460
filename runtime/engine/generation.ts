/** Without this file prompts could not be continued step by step, so that a continuation can be cancelled. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { budget, observe } from "./batching.ts";
import type { Pace } from "./batching.ts";
import { counter, deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { ContinueJob, EngineOptions } from "./port.ts";
import type { StepNumbers } from "./protocol.ts";
import type { Lane } from "./supervisor.ts";

/** Tokens of a batch at most, new ones counted: bounds the cache of keys and values. */
const MOST_CACHED = 2048;
/** Prompts of a batch at most: a step of more takes too long to cancel. */
const MOST_PROMPTS = 32;

export interface GenerateJob {
  readonly graph: EmittedGraph;
  readonly prompts: readonly Int32Array[];
  readonly steps: number;
  readonly job: ContinueJob;
  readonly halt: Halt;
}

let texts = 0;

/**
 * Continue every prompt by `steps` ids, or until its text ends. A batch holds prompts of one length: nothing is padded. A text that has ended is
 * carried along until all of its batch have: what a row gives does not depend on the others.
 */
export async function generateOn(lanes: readonly Lane[], pace: Pace, options: EngineOptions, { graph, prompts, steps, job, halt }: GenerateJob): Promise<void> {
  const order = Uint32Array.from(prompts, (_, i) => i).sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const total = order.reduce((sum, prompt) => sum + prompts[prompt]!.length + steps, 0);
  const progress = counter(prompts.length, total, job.onProgress);
  let from = 0;
  let left = total;
  let finished = 0;

  const continueOn = async (lane: Lane, chosen: Uint32Array): Promise<void> => {
    const text = ++texts;
    const ids = Array.from(chosen, () => new Int32Array(steps));
    const going = new Set(ids.keys());
    const finish = (at: number, made: number): void => {
      going.delete(at);
      job.onDocument(chosen[at]!, ids[at]!.slice(0, made));
      finished++;
      progress(1, steps - made);
    };
    if (steps === 0) return [...going].forEach((at) => finish(at, 0));
    const first = Array.from(chosen, (prompt) => prompts[prompt]!);
    // One row alone takes another kernel and gives other bits.
    if (first.length === 1) first.push(first[0]!);
    try {
      for (let step = 0; going.size > 0 && !halt.signal.aborted; step++) {
        const drawn = numbersOf(job, chosen, first.length);
        const { outputs, ms } = await (step === 0 ? lane.begin(graph, text, first, drawn) : lane.step(text, drawn));
        const next = outputs["next"]!.data as Int32Array;
        ids.forEach((made, i) => (made[step] = next[i]!));
        const read = step === 0 ? first.length * first[0]!.length : 0;
        if (step === 0) observe(pace, read, ms);
        progress(0, (step === 0 ? chosen.length * first[0]!.length : 0) + going.size);
        for (const at of [...going]) if (step === steps - 1 || job.ends?.(chosen[at]!, ids[at]!.subarray(0, step + 1)) === true) finish(at, step + 1);
      }
    } finally {
      // A dead process holds no cache: its failure has been told already.
      if (lane.pid !== null) await lane.end(text).catch(() => {});
    }
  };

  await deal(lanes, halt, (lane) => {
    if (from === order.length) return null;
    const length = prompts[order[from]!]!.length;
    const fits = Math.min(MOST_PROMPTS, MOST_CACHED / (length + steps), budget(pace, { total, left }, lanes.length, MOST_CACHED) / length);
    const most = options.batch ?? Math.max(1, Math.floor(fits));
    let to = from;
    while (to < order.length && to - from < most && prompts[order[to]!]!.length === length) to++;
    const chosen = order.subarray(from, to);
    from = to;
    left -= chosen.length * (length + steps);
    return continueOn(lane, chosen);
  });
  if (finished < prompts.length) throw halt.reason();
}

/** A number for each row of a batch of `rows`, of which a lone prompt has two. */
function numbersOf({ drawn }: ContinueJob, chosen: Uint32Array, rows: number): StepNumbers | undefined {
  if (drawn === undefined) return undefined;
  const numbers = Float64Array.from(chosen, drawn.number);
  return { ...drawn.how, numbers: rows === numbers.length ? numbers : Float64Array.of(numbers[0]!, numbers[0]!) };
}
