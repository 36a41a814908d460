/**
 * Without this file a sum of activations would depend on the order, the batches and the number of workers.
 *
 * Format: each cell is one exact integer in units of 2⁻¹⁰⁷⁴ (the smallest double), kept in limbs of 32 bits. Limb i
 * counts multiples of 2^(32·i − 1074) as an integer held in a float64. A finite double is m·2ᵉ with a 53-bit m, so it
 * touches at most three neighbouring limbs and no bit is lost: nothing is ever rounded until `rounded`. A term adds
 * less than 2³² to a limb; carries run every 2²⁰ terms, so limbs stay below 2⁵³ and every addition is exact. Integer
 * addition commutes and associates, hence so do these sums. Limbs come into being when a value of that size is first
 * seen: activations between 2⁻¹⁰ and 2¹⁰ need three or four.
 *
 * Most activations are float32 numbers of ordinary size, and a float64 adds some of those without rounding: what is at least 2⁻¹⁶ is a multiple of
 * 2⁻³⁹, and 128 terms below 2⁷ stay below 2¹⁴ = 2⁵³ · 2⁻³⁹. Such terms gather in one float64 a cell, which goes to the limbs after 128 of them or
 * when the cell is read.
 */

export interface ExactSums {
  readonly cells: number;
  readonly limbs: (Float64Array | undefined)[];
  /** Terms added since the last carry, per cell. */
  readonly pending: Uint32Array;
  /** Terms of ordinary size that are not in the limbs yet, per cell: their sum, and how many they are. */
  readonly gathered: Float64Array;
  readonly terms: Uint8Array;
}

const LIMBS = 68;
const LIMB = 0x1_0000_0000;
const CARRY_EVERY = 1 << 20;
/** Of ordinary size: from `LEAST` to below `MOST`; of these, `GATHERED` add up without rounding. */
const LEAST = 2 ** -16;
const MOST = 2 ** 7;
const GATHERED = 128;

const word = new Float64Array(1);
const halves = new Uint32Array(word.buffer);
/** Which half of a double holds sign and exponent depends on the byte order of the machine. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

export function createSums(cells: number): ExactSums {
  return { cells, limbs: new Array<Float64Array | undefined>(LIMBS).fill(undefined), pending: new Uint32Array(cells), gathered: new Float64Array(cells), terms: new Uint8Array(cells) };
}

/** cell += value, exactly. `value` must be finite. */
export function add(sums: ExactSums, cell: number, value: number): void {
  if (value === 0) return;
  word[0] = value;
  const high = halves[HIGH]!;
  const low = halves[1 - HIGH]!;
  const exponent = (high >>> 20) & 0x7ff;
  const mantissa = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
  const shift = exponent === 0 ? 0 : exponent - 1;
  const limb = shift >>> 5;
  const offset = shift & 31;
  const sign = value < 0 ? -1 : 1;
  const least = (low << offset) >>> 0;
  const middle = offset === 0 ? mantissa : ((mantissa << offset) | (low >>> (32 - offset))) >>> 0;
  const most = offset === 0 ? 0 : mantissa >>> (32 - offset);
  if (least !== 0) bump(sums, limb, cell, sign * least);
  if (middle !== 0) bump(sums, limb + 1, cell, sign * middle);
  if (most !== 0) bump(sums, limb + 2, cell, sign * most);
  const pending = sums.pending[cell]! + 1;
  sums.pending[cell] = pending;
  if (pending === CARRY_EVERY) carry(sums, cell);
}

/** The same for a number that float32 holds, several times as fast where it is of ordinary size. */
export function addSingle(sums: ExactSums, cell: number, value: number): void {
  if (!(value >= LEAST && value < MOST)) return add(sums, cell, value);
  sums.gathered[cell] = sums.gathered[cell]! + value;
  const terms = sums.terms[cell]! + 1;
  sums.terms[cell] = terms;
  if (terms === GATHERED) settle(sums, cell);
}

/** What is gathered of a cell goes to its limbs. */
function settle(sums: ExactSums, cell: number): void {
  const value = sums.gathered[cell]!;
  sums.gathered[cell] = 0;
  sums.terms[cell] = 0;
  add(sums, cell, value);
}

function bump(sums: ExactSums, limb: number, cell: number, amount: number): void {
  const cells = (sums.limbs[limb] ??= new Float64Array(sums.cells));
  cells[cell] = cells[cell]! + amount;
}

function carry(sums: ExactSums, cell: number): void {
  for (let limb = 0; limb < LIMBS - 1; limb++) {
    const cells = sums.limbs[limb];
    if (cells === undefined) continue;
    const over = Math.floor(cells[cell]! / LIMB);
    if (over === 0) continue;
    cells[cell] = cells[cell]! - over * LIMB;
    bump(sums, limb + 1, cell, over);
  }
  sums.pending[cell] = 0;
}

/** An exact number: integer · 2^exponent. */
export interface Exact {
  readonly integer: bigint;
  readonly exponent: number;
}

/** What a cell holds, exactly. */
export function exactly(sums: ExactSums, cell: number): Exact {
  settle(sums, cell);
  let lowest = 0;
  while (lowest < LIMBS && sums.limbs[lowest] === undefined) lowest++;
  let total = 0n;
  for (let limb = LIMBS - 1; limb >= lowest; limb--) {
    const cells = sums.limbs[limb];
    if (total !== 0n) total <<= 32n;
    if (cells !== undefined && cells[cell] !== 0) total += BigInt(cells[cell]!);
  }
  return { integer: total, exponent: lowest === LIMBS ? 0 : 32 * lowest - 1074 };
}

/** What all cells hold together, exactly. */
export function exactTotal(sums: ExactSums): Exact {
  for (let cell = 0; cell < sums.cells; cell++) settle(sums, cell);
  let lowest = 0;
  while (lowest < LIMBS && sums.limbs[lowest] === undefined) lowest++;
  let total = 0n;
  for (let limb = LIMBS - 1; limb >= lowest; limb--) {
    if (total !== 0n) total <<= 32n;
    const cells = sums.limbs[limb];
    // Halves of 2²⁰ cells add up to less than 2⁵³.
    for (let from = 0; cells !== undefined && from < cells.length; from += CARRY_EVERY) {
      let low = 0;
      let high = 0;
      for (let cell = from; cell < Math.min(cells.length, from + CARRY_EVERY); cell++) {
        const over = Math.floor(cells[cell]! / LIMB);
        low += cells[cell]! - over * LIMB;
        high += over;
      }
      total += (BigInt(high) << 32n) + BigInt(low);
    }
  }
  return { integer: total, exponent: lowest === LIMBS ? 0 : 32 * lowest - 1074 };
}

/** value / divisor (> 0) as the nearest double, ties to even: the one rounding. Results below 2⁻¹⁰²² may be rounded twice. */
export function rounded({ integer, exponent }: Exact, divisor = 1n): number {
  if (integer === 0n) return 0;
  const size = integer < 0n ? -integer : integer;
  // About 64 significant bits, the last one sticky: enough that rounding them rounds the true quotient.
  const shift = 64 - (bits(size) - bits(divisor));
  const top = shift >= 0 ? size << BigInt(shift) : size;
  const bottom = shift >= 0 ? divisor : divisor << BigInt(-shift);
  const quotient = top / bottom;
  const sticky = quotient * bottom === top ? quotient : quotient | 1n;
  const magnitude = scaled(Number(sticky), exponent - shift);
  return integer < 0n ? -magnitude : magnitude;
}

function bits(value: bigint): number {
  return value.toString(16).length * 4;
}

/** Whether it is larger in size than 2^power. */
export function exceeds({ integer, exponent }: Exact, power: number): boolean {
  const size = integer < 0n ? -integer : integer;
  return exponent > power ? size > 0n : size > 1n << BigInt(power - exponent);
}

/** value · 2^exponent without leaving the range of doubles on the way. */
export function scaled(value: number, exponent: number): number {
  // Nothing is no larger for being scaled, where the power itself is no double.
  if (value === 0) return value;
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}
