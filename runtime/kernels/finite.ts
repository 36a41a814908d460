/** Without this file looking for a NaN among the weights of a large model would take longer than the question that is asked of it. */
import type { StoredType } from "../../src/emit/specs.ts";
import { get, i32Add, i32Const, i32LessUnsigned, i32x4Add, i32x4Splat, repeatWhile, set, tee, v128And, v128Load, v128Or, v128Store, v128Zero, wasmModule, type Type } from "./wasm.ts";

/** Adding `carry` to the masked exponent sets the top bit of a number exactly when all exponent bits are set: NaN or infinity. Two halves fit in 32 bits. */
const BITS: Readonly<Record<Exclude<StoredType, "f64">, { readonly exponent: number; readonly carry: number; readonly top: number }>> = {
  f32: { exponent: 0x7f80_0000, carry: 0x0080_0000, top: 0x8000_0000 },
  bf16: { exponent: 0x7f80_7f80, carry: 0x0080_0080, top: 0x8000_8000 },
  f16: { exponent: 0x7c00_7c00, carry: 0x0400_0400, top: 0x8000_8000 },
};

/** Looks through numbers that were put into its buffer. */
export interface FiniteScan {
  /** Where numbers are put, from its start. */
  readonly buffer: Uint8Array;
  /** Whether one of the numbers in the first `length` bytes is NaN or infinite, as float32 has them. Overwrites up to 15 bytes behind them. */
  holdsNonFinite(length: number, dtype: StoredType): boolean;
}

const PAGE = 65_536;
/** Four vectors an iteration. */
const STEP = 64;

/** A scan over pieces of at most `bytes`; by vectors where the system gives memory for them, else word by word, with the same answers. */
export function createFiniteScan(bytes: number, vectors = true): FiniteScan {
  const room = Math.ceil(bytes / STEP) * STEP;
  const machine = vectors ? vectorScan(room) : null;
  const buffer = machine?.buffer ?? new Uint8Array(room);
  const seen = machine?.seen ?? wordByWord(buffer);
  return {
    buffer: buffer.subarray(0, bytes),
    holdsNonFinite: (length, dtype) => {
      if (dtype === "f64") return new Float64Array(buffer.buffer, buffer.byteOffset, length / 8).some((value) => !Number.isFinite(Math.fround(value)));
      const { exponent, carry, top } = BITS[dtype];
      const end = Math.ceil(length / STEP) * STEP;
      // Zeros are finite.
      buffer.fill(0, length, end);
      return end > 0 && (seen(end, exponent, carry) & top) !== 0;
    },
  };
}

/** All sums of masked exponents and carry among the first `end` bytes, or-ed together. */
type Seen = (end: number, exponent: number, carry: number) => number;

function wordByWord(buffer: Uint8Array): Seen {
  const words = new Int32Array(buffer.buffer);
  return (end, exponent, carry) => {
    let seen = 0;
    for (let at = 0; at < end >> 2; at += 1) seen |= ((words[at]! & exponent) + carry) | 0;
    return seen;
  };
}

/** end, exponent, carry; address; exponents, carries and what was seen as vectors. */
const [END, EXPONENT, CARRY, AT, EXPONENTS, CARRIES, SEEN] = [0, 1, 2, 3, 4, 5, 6];
const LOCALS: readonly Type[] = ["i32", "v128", "v128", "v128"];
/** The result stands in the first vector of the memory, numbers behind it. */
const START = 16;

const CODE = wasmModule("scan", 3, LOCALS, [
  ...get(EXPONENT), ...i32x4Splat, ...set(EXPONENTS),
  ...get(CARRY), ...i32x4Splat, ...set(CARRIES),
  ...v128Zero, ...set(SEEN),
  ...repeatWhile([
    ...get(SEEN),
    ...[0, 16, 32, 48].flatMap((offset) => [...get(AT), ...v128Load(START + offset), ...get(EXPONENTS), ...v128And, ...get(CARRIES), ...i32x4Add, ...v128Or]),
    ...set(SEEN),
    ...get(AT), ...i32Const(STEP), ...i32Add, ...tee(AT),
    ...get(END), ...i32LessUnsigned,
  ]),
  ...i32Const(0), ...get(SEEN), ...v128Store(0),
]);

/** null where there is no memory for it: WebAssembly asks for much address space, which may be limited. */
function vectorScan(room: number): { readonly buffer: Uint8Array; readonly seen: Seen } | null {
  try {
    const pages = Math.ceil((START + room) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const scan = new WebAssembly.Instance(new WebAssembly.Module(CODE), { host: { memory } }).exports["scan"] as (end: number, exponent: number, carry: number) => void;
    const result = new Int32Array(memory.buffer, 0, 4);
    return {
      buffer: new Uint8Array(memory.buffer, START, room),
      seen: (end, exponent, carry) => {
        scan(end, exponent, carry);
        return result[0]! | result[1]! | result[2]! | result[3]!;
      },
    };
  } catch (error) {
    if (error instanceof RangeError || error instanceof ReferenceError) return null;
    throw error;
  }
}
