/** Without this file several lines of a script that ask for layers or SAEs of the same texts would run the model once for each line. */
import { blocksNeeded } from "../../src/ops/hook.ts";
import { key } from "../../src/ops/key.ts";
import type { Op, Plan, Tap } from "../../src/ops/op.ts";
import type { Forward } from "./activations.ts";
import { computed } from "../../src/plan/computed.ts";

/** By the passes of a plan: what later lines read of the same texts. */
export type TapsAlong = ReadonlyMap<Op, readonly Tap[]>;

/** Lines behind one that its passes may read along with. */
export const MOST_AHEAD = 1000;

/** What the passes of one pipeline read along. */
export interface Companions {
  /** Taps of later lines that this pass may read, but for those that were refused. */
  of(op: Forward): readonly Tap[];
  /** They are read by the lines that ask for them. */
  refuse(op: Forward, taps: readonly Tap[]): void;
}

/** `refused`: of the session, so that what failed once is not tried for each line and each round of texts. */
export function createCompanions(along: TapsAlong, refused: Set<string>): Companions {
  const nameOf = (op: Forward, tap: Tap): string => JSON.stringify([op.model, tapKey(tap)]);
  return {
    of: (op) => (along.get(op) ?? []).filter((tap) => !refused.has(nameOf(op, tap))),
    refuse: (op, taps) => taps.forEach((tap) => refused.add(nameOf(op, tap))),
  };
}

/** What two passes must have in common to be one, whatever they read: model, what is done to it, texts and positions, and that both give features. */
function textsOf(node: Plan): string | null {
  const { op, inputs } = node;
  if (op.op !== "forward" || op.taps.some(({ sae }) => sae === null)) return null;
  return JSON.stringify([op.model, op.window, op.edits ?? null, inputs.map(key)]);
}

const explains = (plan: Plan): boolean => [...computed(plan)].some(({ op }) => op.op === "explain");
const tapKey = (tap: Tap): string => JSON.stringify([tap.layer, tap.hook, tap.centred ?? false, tap.folded ?? null, tap.sae, tap.features ?? null]);
/** Of an SAE all of whose features are computed, those that somebody names are there too. */
const covers = (one: Tap, other: Tap): boolean => tapKey(one) === tapKey(other) || (one.features === undefined && tapKey({ ...one, ...(other.features === undefined ? {} : { features: other.features }) }) === tapKey(other));

/** Taps of `later` plans that the passes of `plan` can read along. What is explained, or runs to be explained, takes its own time. */
export function companionsOf(plan: Plan, later: readonly Plan[]): TapsAlong {
  const found = new Map<Op, readonly Tap[]>();
  if (explains(plan)) return found;
  const read = tapsByTexts(later.filter((each) => !explains(each)));
  const measured = tapsByTexts(later.filter(explains));
  for (const node of computed(plan)) {
    const texts = textsOf(node);
    if (texts === null || node.op.op !== "forward") continue;
    const alone = measured.get(texts) ?? [];
    const taps: Tap[] = [];
    // Those with all features first: they stand for the others.
    const wanted = [...(read.get(texts) ?? [])].sort((a, b) => Number(a.features !== undefined) - Number(b.features !== undefined));
    for (const tap of wanted) if (![...node.op.taps, ...taps].some((one) => covers(one, tap)) && !alone.some((one) => covers(tap, one))) taps.push(tap);
    if (taps.length > 0) found.set(node.op, taps);
  }
  return found;
}

/** What passes of these plans read, by texts. */
function tapsByTexts(plans: readonly Plan[]): ReadonlyMap<string, readonly Tap[]> {
  const read = new Map<string, readonly Tap[]>();
  for (const node of plans.flatMap((each) => [...computed(each)])) {
    const texts = textsOf(node);
    if (texts !== null && node.op.op === "forward") read.set(texts, [...(read.get(texts) ?? []), ...node.op.taps]);
  }
  return read;
}

/** The pass that reads these taps behind its own. */
export function widened(op: Forward, taps: readonly Tap[]): Forward {
  return { ...op, taps: [...op.taps, ...taps], blocks: op.blocks === null ? null : Math.max(op.blocks, ...taps.map(blocksNeeded)) };
}
