/** Without this file what a device found active would not become the rows, features and values that the CPU finds. */
import type { Compaction } from "../../src/emit/lowering/compaction.ts";

/** Values by name, as the binding gives them. */
export interface Found {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** Places asked for a row at first: an SAE with 50 active features a token has few tokens with more. */
export const FIRST_PLACES = 128;

/** The k to feed for each input that asks for one: at most the width of its mask. */
export function placesToAsk(compactions: readonly Compaction[], places: number): Readonly<Record<string, number>> {
  return Object.fromEntries(compactions.map(({ k, width }) => [k, Math.min(places, width)]));
}

/**
 * Null where every row has its active features among the places asked; else how many to ask the next time: the most that a row has,
 * rounded up to a power of two, so that few sizes are asked in all.
 */
export function tooFew(outputs: Readonly<Record<string, Found>>, compactions: readonly Compaction[], places: number): number | null {
  let most = 0;
  for (const { count, width } of compactions) {
    for (const active of outputs[count]!.data as Float32Array) if (active > Math.min(places, width)) most = Math.max(most, active);
  }
  return most === 0 ? null : 2 ** Math.ceil(Math.log2(most));
}

export interface Compacted {
  readonly type: "int64" | "float32";
  readonly data: BigInt64Array | Float32Array;
  readonly dims: readonly number[];
}

/** Inputs of the tail: for each mask its true places int64 [2, nnz] in row-major order, as `NonZero` gives them, and the values there. */
export function compacted(outputs: Readonly<Record<string, Found>>, compactions: readonly Compaction[]): Readonly<Record<string, Compacted>> {
  const made: Record<string, Compacted> = {};
  for (const { width, count, places, at, values } of compactions) {
    const counts = outputs[count]!.data as Float32Array;
    const found = outputs[places]!;
    const columns = found.data as Float32Array;
    const k = found.dims[1]!;
    const total = counts.reduce((sum, active) => sum + active, 0);
    const pairs = new BigInt64Array(2 * total);
    const picked = values.map(({ device }) => {
      return { source: outputs[device]!.data as Float32Array, target: new Float32Array(total) };
    });
    let next = 0;
    counts.forEach((active, row) => {
      for (let i = 0; i < active; i++, next++) {
        const place = columns[row * k + i]!;
        if (!(place > 0)) throw new Error(`row ${row}: ${active} active features were counted and ${i} found`);
        pairs[next] = BigInt(row);
        pairs[total + next] = BigInt(width - place);
        for (const { source, target } of picked) target[next] = source[row * k + i]!;
      }
    });
    made[at] = { type: "int64", data: pairs, dims: [2, total] };
    picked.forEach(({ target }, j) => (made[values[j]!.tail] = { type: "float32", data: target, dims: [total] }));
  }
  return made;
}
