/** Without this file `explain analyze` could not say where the time went. */
import { readFileSync } from "node:fs";
import type { Plan } from "../../src/ops/op.ts";
import type { Progress } from "../engine/port.ts";

/** Texts, the tokens in them, and the positions that are wanted. */
export interface Amount {
  readonly texts: number;
  readonly tokens: number;
  readonly rows: number;
}

/** What one pass of the model has to do. */
export interface Work extends Amount {
  /** Tokens of the longest text, and wanted positions of a text at most. */
  readonly longest: number;
  readonly mostRows: number;
  /** Of all, what has to be run: neither known already nor the same as another text. */
  readonly run: Amount;
  /** Texts known from memory or from the disk. */
  readonly known: number;
  /** false: counted on some of the texts. */
  readonly exact: boolean;
  /** Of texts that are continued, what is read of those that are run: copies of a prompt are read once. */
  readonly prompts?: Omit<Amount, "rows">;
}

/** Or why that is not known yet. */
export type Workload = Work | { readonly unknown: string };

/** What one op did. */
export interface Actual {
  /** Its own time, without that of its inputs. */
  readonly ms: number;
  /** Rows that came out; null where its value has none. */
  readonly rows: number | null;
  /** Its value was there from before, or texts of it were. */
  readonly kept: boolean;
  /** Of a pass of the model: tokens that it read, and texts that were known. */
  readonly tokens?: number;
  readonly knownTexts?: number;
}

/** Times and sizes of one run. */
export interface Recording {
  /** Before the run: what each pass was to do, and which values were there. */
  readonly before: Map<Plan, Workload>;
  readonly keptBefore: Set<Plan>;
  /** An op whose inputs are there begins; call what is given when it is done. */
  start(plan: Plan): (rows: number | null) => void;
  known(plan: Plan, rows: number | null): void;
  progress(plan: Plan, progress: Progress): void;
  knownTexts(plan: Plan, count: number): void;
  of(plan: Plan): Actual | undefined;
  ms(): number;
  /** Most anonymous memory of all processes together; null where the system does not tell. */
  peakBytes(): number | null;
  /** Stop looking at memory. */
  stop(): void;
}

const EVERY_MS = 20;

/** `pids`: the engine's processes as they are at the time. */
export function createRecording(pids: () => readonly number[]): Recording {
  const actual = new Map<Plan, Actual>();
  const tokens = new Map<Plan, number>();
  const texts = new Map<Plan, number>();
  const started = performance.now();
  let ended: number | null = null;
  let peak: number | null = null;
  const look = (): void => {
    const sizes = [process.pid, ...pids()].map(anonymousBytes);
    if (sizes[0] !== null) peak = Math.max(peak ?? 0, sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0));
  };
  const watch = setInterval(look, EVERY_MS);
  watch.unref();
  return {
    before: new Map(),
    keptBefore: new Set(),
    start: (plan) => {
      const from = performance.now();
      return (rows) => {
        look();
        const [read, known] = [tokens.get(plan), texts.get(plan)];
        actual.set(plan, { ms: rounded(performance.now() - from), rows, kept: false, ...(read === undefined && known === undefined ? {} : { tokens: read ?? 0, knownTexts: known ?? 0 }) });
      };
    },
    known: (plan, rows) => void (actual.has(plan) || actual.set(plan, { ms: 0, rows, kept: true })),
    progress: (plan, progress) => void tokens.set(plan, Math.max(tokens.get(plan) ?? 0, progress.tokens)),
    knownTexts: (plan, count) => void texts.set(plan, (texts.get(plan) ?? 0) + count),
    of: (plan) => actual.get(plan),
    ms: () => rounded((ended ?? performance.now()) - started),
    peakBytes: () => peak,
    stop: () => {
      ended ??= performance.now();
      clearInterval(watch);
    },
  };
}

/** Microseconds: what is below is noise. */
const rounded = (ms: number): number => Number(ms.toFixed(3));

/** Memory that the system cannot drop, of one process; Linux tells it. */
function anonymousBytes(pid: number): number | null {
  try {
    const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return found === undefined ? null : 1024 * Number(found);
  } catch {
    return null;
  }
}
