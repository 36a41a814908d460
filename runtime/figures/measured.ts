/** Without this file every figure would be written twice: for activations that are there, and for those that were only summed up. */
import type { Acts, Dense, Measured, Reading, Single, TextFacts } from "../data/frame.ts";
import { accumulate, createAccumulator, totalsOfSums, type Accumulator, type Wanted } from "../kernels/accumulate.ts";
import type { FeatureTotals } from "../kernels/rank.ts";

export function factsOf(measured: Measured | Dense): TextFacts {
  if (measured.kind === "reduced") return measured.facts;
  const { tokens, rows } = measured;
  return { texts: tokens.ids.length, positions: rows.count, masked: rows.masked.reduce((sum, one) => sum + one, 0), truncated: tokens.truncated, model: tokens.model, source: tokens.source, origin: tokens.table.origin, ...(tokens.edits === undefined ? {} : { edits: tokens.edits }) };
}

function readingOf(measured: Measured | Dense): Reading {
  return { taps: measured.taps.map(placeOf), facts: factsOf(measured) };
}

/** The activations that a value is of, or was found in, by group. */
export function readingsOf(value: Single): readonly Reading[] {
  switch (value.kind) {
    case "table":
    case "plot":
      return value.foundIn ?? [];
    case "chart":
      return value.table.foundIn ?? [];
    case "acts":
    case "reduced":
    case "dense":
      return [readingOf(value)];
    case "features":
      return [readingOf(value.acts)];
    default:
      return [];
  }
}

function placeOf({ layer, hook, centred, folded, module, sae }: Reading["taps"][number]): Reading["taps"][number] {
  return { layer, hook, ...(sae === undefined ? {} : { sae }), ...(centred === undefined ? {} : { centred }), ...(folded === undefined ? {} : { folded }), ...(module === undefined ? {} : { module }) };
}

const made = new WeakMap<Measured, Map<string, Accumulator>>();
const totals = new WeakMap<Accumulator, FeatureTotals>();

/** A state of one tap: the one that the pass made, or one made now and remembered. */
export function stateOf<K extends Wanted["of"]>(measured: Measured, tap: number, of: K, threshold: number): Accumulator & { readonly of: K } {
  const id = `${tap}|${of}|${threshold}`;
  const known = made.get(measured) ?? new Map<string, Accumulator>();
  made.set(measured, known);
  const found = known.get(id) ?? (measured.kind === "reduced" ? measured.taps[tap]!.states.find((state) => state.of === of && state.threshold === threshold) : computed(measured, tap, { of, threshold }));
  if (found?.of !== of) throw new Error(`nobody asked for ${of} above ${threshold}`);
  known.set(id, found);
  return found as Accumulator & { readonly of: K };
}

function computed(acts: Acts, tap: number, wanted: Wanted): Accumulator {
  const { csr } = acts.taps[tap]!;
  const state = createAccumulator(wanted, csr.cols);
  accumulate(state, csr, acts.rows);
  return state;
}

export function totalsOf(measured: Measured, tap: number, threshold: number): FeatureTotals {
  const state = stateOf(measured, tap, "features", threshold);
  const known = totals.get(state) ?? totalsOfSums(state.sums);
  totals.set(state, known);
  return known;
}

/** Number of features of a tap. */
export function widthOf(measured: Measured, tap: number): number {
  return measured.kind === "reduced" ? measured.taps[tap]!.cols : measured.taps[tap]!.csr.cols;
}
