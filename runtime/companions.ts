/** Without this file several lines of a script that ask for layers or SAEs of the same texts would run the model once for each line. */
import { blocksNeeded } from "../src/ops/hook.ts";
import { key } from "../src/ops/key.ts";
import type { Op, Plan, Tap } from "../src/ops/op.ts";
import type { Catalog } from "./catalog.ts";
import { computed } from "./computed.ts";
import type { HubCall } from "./hub/hub.ts";

type Forward = Op & { readonly op: "forward" };

/** By the passes of a plan: what later lines read of the same texts. */
export type Companions = ReadonlyMap<Op, readonly Tap[]>;

export const NO_COMPANIONS: Companions = new Map();

/** What two passes must have in common to be one, whatever they read: model, texts and positions, and that both give features. */
function textsOf(node: Plan): string | null {
  const { op, inputs } = node;
  if (op.op !== "forward" || op.taps.some(({ sae }) => sae === null)) return null;
  return JSON.stringify([op.model, op.window, inputs.map(key)]);
}

const explains = (plan: Plan): boolean => [...computed(plan)].some(({ op }) => op.op === "explain");
const tapKey = (tap: Tap): string => JSON.stringify([tap.layer, tap.hook, tap.centred ?? false, tap.folded ?? null, tap.sae, tap.features ?? null]);
/** Of an SAE all of whose features are computed, those that somebody names are there too. */
const covers = (one: Tap, other: Tap): boolean => tapKey(one) === tapKey(other) || (one.features === undefined && tapKey({ ...one, ...(other.features === undefined ? {} : { features: other.features }) }) === tapKey(other));

/** Taps of `later` plans that the passes of `plan` can read along. What is explained, or runs to be explained, takes its own time. */
export function companionsOf(plan: Plan, later: readonly Plan[]): Companions {
  if (explains(plan)) return NO_COMPANIONS;
  const read = new Map<string, Tap[]>();
  for (const node of later.filter((each) => !explains(each)).flatMap((each) => [...computed(each)])) {
    const texts = textsOf(node);
    if (texts !== null && node.op.op === "forward") read.set(texts, [...(read.get(texts) ?? []), ...node.op.taps]);
  }
  const found = new Map<Op, readonly Tap[]>();
  for (const node of computed(plan)) {
    const texts = textsOf(node);
    if (texts === null || node.op.op !== "forward") continue;
    const taps: Tap[] = [];
    // Those with all features first: they stand for the others.
    const wanted = [...(read.get(texts) ?? [])].sort((a, b) => Number(a.features !== undefined) - Number(b.features !== undefined));
    for (const tap of wanted) if (![...node.op.taps, ...taps].some((one) => covers(one, tap))) taps.push(tap);
    if (taps.length > 0) found.set(node.op, taps);
  }
  return found;
}

/** The same, with what those passes need brought here first; a plan for which that cannot be had says so when it is run. @throws AbortError */
export async function companionsAtHand(plan: Plan, later: readonly Plan[], catalog: Pick<Catalog, "provide">, call: HubCall): Promise<Companions> {
  const atHand: Plan[] = [];
  for (const each of later) {
    if (companionsOf(plan, [each]).size === 0) continue;
    try {
      await catalog.provide(each, call);
      atHand.push(each);
    } catch {
      call.signal.throwIfAborted();
    }
  }
  return companionsOf(plan, atHand);
}

/** The pass that reads these taps behind its own. */
export function widened(op: Forward, taps: readonly Tap[]): Forward {
  return { ...op, taps: [...op.taps, ...taps], blocks: op.blocks === null ? null : Math.max(op.blocks, ...taps.map(blocksNeeded)) };
}
