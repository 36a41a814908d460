/** Without this file two columns of floats would be the same to the last bit, or nothing could be said of how far apart they are. */
import { createHash } from "node:crypto";

/** What is remembered of floats: enough to tell equal bits, equal values at four digits, and how far two columns are apart on the whole. */
export interface FloatDigest {
  /** sha256 of all bits, nulls included. */
  readonly bits: string;
  /** sha256 of the values at four significant digits. */
  readonly rounded: string;
  /** Finite values; the figures below are theirs, null where there are none. */
  readonly count: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Of many values: sums that depend on which value stands where. */
  readonly sketch?: Sketch;
}

/** Values dealt into buckets by their place, each with a sign: equal places with nearly equal values give nearly equal sums, an exchange or a change of one does not. */
export interface Sketch {
  readonly sums: readonly number[];
  /** Sums of sizes: how much the bucket's sum may move where each value moves by its share. */
  readonly sizes: readonly number[];
}

const BUCKETS = 32;
/** Values whose digits are held at once. */
const BLOCK = 1 << 16;
/** So few values are held themselves. */
export const FEW = 200;

type Floats = Float32Array | Float64Array;

const LEAST = -330;
/** 10^e for each exponent of a double, read from text: exactly what the decimal says, on every machine. */
const POWERS = Float64Array.from({ length: 640 }, (_, i) => Number(`1e${i + LEAST}`));
const power = (exponent: number): number => POWERS[exponent - LEAST]!;
const NULL = 2 ** 30;
const NAN = NULL + 1;
const INFINITE = NULL + 2;

/** Digest of values in pieces, in order; `valid` as in columns. The same values cut otherwise give the same digest, if all are of one width. */
export function floatDigest(pieces: readonly { readonly values: Floats; readonly valid: Uint8Array | null }[]): FloatDigest {
  const bits = createHash("sha256");
  const rounded = createHash("sha256");
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  let place = 0;
  const sums = new Float64Array(BUCKETS);
  const sizes = new Float64Array(BUCKETS);
  const finite = (values: Floats, valid: Uint8Array | null, i: number): boolean => (valid === null || valid[i] === 1) && Number.isFinite(values[i]);
  for (const { values, valid } of pieces) {
    bits.update(bytesOf(valid === null ? values : values.map((value, i) => (valid[i] === 1 ? value : 0))));
    if (valid !== null && valid.includes(0)) bits.update("nulls").update(valid);
    for (let from = 0; from < values.length; from += BLOCK) {
      const to = Math.min(from + BLOCK, values.length);
      const codes = new Int32Array(to - from);
      for (let i = from; i < to; i++, place++) {
        codes[i - from] = valid !== null && valid[i] !== 1 ? NULL : fourDigits(values[i]!);
        if (!finite(values, valid, i)) continue;
        count++;
        sum += values[i]!;
        const mixed = Math.imul(place, 0x9e3779b1);
        sums[mixed >>> 27]! += (mixed & (1 << 26)) === 0 ? values[i]! : -values[i]!;
        sizes[mixed >>> 27]! += Math.abs(values[i]!);
        if (values[i]! < min) min = values[i]!;
        if (values[i]! > max) max = values[i]!;
      }
      rounded.update(bytesOf(codes));
    }
  }
  const mean = count === 0 ? null : sum / count;
  let squares = 0;
  if (mean !== null) for (const { values, valid } of pieces) for (let i = 0; i < values.length; i++) if (finite(values, valid, i)) squares += (values[i]! - mean) ** 2;
  return { bits: bits.digest("hex"), rounded: rounded.digest("hex"), count, mean, sd: count === 0 ? null : Math.sqrt(squares / count), min: count === 0 ? null : min, max: count === 0 ? null : max, ...(place > FEW ? { sketch: { sums: short(sums), sizes: short(sizes) } } : {}) };
}

/** Nine digits are more than any comparison looks at. */
const short = (values: Float64Array): number[] => Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(9)) : 0));

/** Sign, four significant digits and exponent of a number as one integer. Only comparison, division and rounding are used, which are the same everywhere. */
export function fourDigits(value: number): number {
  if (Number.isNaN(value)) return NAN;
  const size = Math.abs(value);
  if (size === Infinity) return value > 0 ? INFINITE : -INFINITE;
  // Below this the scale itself would lose digits; no activation is that small.
  if (size < 1e-300) return 0;
  let exponent = Math.floor(Math.log10(size));
  while (size >= power(exponent + 1)) exponent++;
  while (size < power(exponent)) exponent--;
  let digits = Math.round(size / power(exponent - 3));
  if (digits === 10_000) {
    digits = 1000;
    exponent++;
  }
  return Math.sign(value) * (digits + 10_000 * (exponent - LEAST));
}

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
