/**
 * Without this file a feature that one token may have would be multiplied with many tokens that cannot have it.
 *
 * Products x_n·w_j + b_j of chosen pairs (n, j), in the order in which ONNX Runtime's float32 product adds on a processor with fused
 * multiply-add, so with its bits (MLAS `sgemm.cpp`, MlasSgemmOperation, and `FgemmKernelCommon.h`): c = b; for each 128 dimensions a = 0, then
 * a = fma(x_i, w_i, a) in order, then c = c + a. Four pairs lie in the four lanes of a vector. Whether a processor's product really is
 * this is for its user to try (`engine/lane_pair_order.ts`): the instruction used here may round twice, and the library may change its order.
 */
import { f32x4Add, f32x4RelaxedMultiplyAdd, get, i32Add, i32Const, i32LessUnsigned, i32Load, i32ShiftRight, repeatWhile, select, set, shuffle, tee, v128Load, v128LoadHalf, v128Store, v128Zero, wasmModule, type Code, type Type } from "./wasm.ts";

/** Dimensions whose products are added by themselves before they are added to the rest. */
const DEPTH = 128;
/** Pairs of one round: two vectors, so that one addition need not wait for the other. */
const PAIRS = 8;
/** Bytes of weights at a time: they are to stay in the processor's second cache. */
const WEIGHT_BYTES = 2 ** 21;
/** Pairs of one call. */
const MOST_PAIRS = 8192;
const F32 = 4;
const PAGE = 2 ** 16;
const ROUND_BYTES = 3 * PAIRS * F32;

/** What weights are stored as where they need not be widened before. */
export type StoredWeights = "f32" | "bf16";
const BYTES_OF = { f32: 4, bf16: 2 } as const;

/** Inputs, weights and results lie in one memory, so all of a block's work goes without copies. */
export interface PairProducts {
  /** Rows of `weights`. */
  readonly features: number;
  readonly stored: StoredWeights;
  /** f32 [rows, stride], d of each used. */
  readonly stride: number;
  readonly inputs: Float32Array<ArrayBuffer>;
  /** [features, d], as they are stored: the upper halves of float32 for bf16. */
  readonly weights: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** Whether pairs must be taken before another can be added. */
  readonly isFull: () => boolean;
  /** One more pair: a row of `inputs`, a row of `weights`, and what its product is added to. */
  readonly add: (input: number, weight: number, bias: number) => void;
  /** Values of the pairs in the order in which they were added, and none are left. */
  readonly take: () => Float32Array;
}

/** Rows that lie a multiple of 4 KiB apart would push each other out of the first cache, all places of which such rows share: 3 times as slow. */
const strideOf = (d: number): number => (d % 32 === 0 ? d + 16 : d);

/** Null where this engine has no such instructions, or vectors of d do not fill them: d must be a multiple of 4. */
export function openPairProducts(d: number, rows: number, stored: StoredWeights): PairProducts | null {
  const code = MODULES[stored];
  if (d % 4 !== 0 || d === 0 || !WebAssembly.validate(code)) return null;
  const weightBytes = d * BYTES_OF[stored];
  const features = Math.max(1, Math.floor(WEIGHT_BYTES / weightBytes));
  const stride = strideOf(d);
  const weightsAt = rows * stride * F32;
  const roundsAt = Math.ceil((weightsAt + features * weightBytes) / 16) * 16;
  const bytes = roundsAt + (MOST_PAIRS / PAIRS) * ROUND_BYTES;
  if (bytes > 2 ** 31) return null;
  const pages = Math.ceil(bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { host: { memory } });
  const products = instance.exports["products"] as (round: number, roundsEnd: number, bytes: number) => void;
  const words = new Int32Array(memory.buffer, roundsAt);
  const sums = new Float32Array(memory.buffer, roundsAt);
  /** Where a pair's entries lie, in words: the address of its input, and so much further that of its weights and its sum. */
  const entry = (at: number): number => (at >>> 3) * 3 * PAIRS + (at & 7);
  const put = (at: number, input: number, weight: number, bias: number): void => {
    const word = entry(at);
    words[word] = input * stride * F32;
    words[word + PAIRS] = weightsAt + weight * weightBytes;
    sums[word + 2 * PAIRS] = bias;
  };
  let count = 0;
  return {
    features,
    stored,
    stride,
    inputs: new Float32Array(memory.buffer, 0, rows * stride),
    weights: stored === "f32" ? new Float32Array(memory.buffer, weightsAt, features * d) : new Uint16Array(memory.buffer, weightsAt, features * d),
    isFull: () => count === MOST_PAIRS,
    add: (input, weight, bias) => put(count++, input, weight, bias),
    take: () => {
      // A round is always full: the rest of the last one is computed and left.
      const ended = Math.ceil(count / PAIRS) * PAIRS;
      for (let at = count; at < ended; at++) put(at, 0, 0, 0);
      products(roundsAt, roundsAt + (ended / PAIRS) * ROUND_BYTES, d * F32);
      const values = new Float32Array(count);
      for (let at = 0; at < count; at++) values[at] = sums[entry(at) + 2 * PAIRS]!;
      count = 0;
      return values;
    },
  };
}

// Locals: the parameters, …
const ROUND = 0;
const ROUNDS_END = 1;
const BYTES = 2;
// … how far the dimensions are, in bytes, and where their block ends, …
const AT = 3;
const BLOCK_END = 4;
// … the addresses of the round's pairs, …
const inputOf = (pair: number): number => 5 + pair;
const weightOf = (pair: number): number => 5 + PAIRS + pair;
// … and vectors: sums of all blocks and of this one, of the first and of the second four pairs, and four dimensions of four inputs and weights.
const VECTORS = 5 + 2 * PAIRS;
const sumOf = (four: number): number => VECTORS + four;
const partOf = (four: number): number => VECTORS + 2 + four;
const inputs = [0, 1, 2, 3].map((index) => VECTORS + 4 + index);
const weights = [0, 1, 2, 3].map((index) => VECTORS + 8 + index);
const turning = [0, 1, 2, 3].map((index) => VECTORS + 12 + index);

const both = (left: Code, right: Code, lanes: Code, to: number): Code => [...left, ...right, ...lanes, ...set(to)];
const LOW = shuffle(4, 0, 4, 1, 5);
const HIGH = shuffle(4, 2, 6, 3, 7);

/** Four dimensions of four vectors → four vectors of one dimension each, in `into`. */
function turned(addresses: readonly number[], into: readonly number[]): Code {
  const [a, b, c, d] = turning as [number, number, number, number];
  const [lowHalves, highHalves] = [shuffle(4, 0, 1, 4, 5), shuffle(4, 2, 3, 6, 7)];
  const [w, x, y, z] = into.map((vector) => get(vector)) as [Code, Code, Code, Code];
  return [
    ...addresses.flatMap((address, which) => [...get(address), ...get(AT), ...i32Add, ...v128Load(0), ...set(into[which]!)]),
    ...both(w, x, LOW, a),
    ...both(w, x, HIGH, b),
    ...both(y, z, LOW, c),
    ...both(y, z, HIGH, d),
    ...both(get(a), get(c), lowHalves, into[0]!),
    ...both(get(a), get(c), highHalves, into[1]!),
    ...both(get(b), get(d), lowHalves, into[2]!),
    ...both(get(b), get(d), highHalves, into[3]!),
  ];
}

/** The same of vectors in bfloat16, which is the upper half of float32. */
function widened(addresses: readonly number[], into: readonly number[]): Code {
  const [a, b, c, d] = turning as [number, number, number, number];
  const [low, high] = [shuffle(2, 0, 8, 1, 9, 2, 10, 3, 11), shuffle(2, 4, 12, 5, 13, 6, 14, 7, 15)];
  const [w, x, y, z] = into.map((vector) => get(vector)) as [Code, Code, Code, Code];
  return [
    ...addresses.flatMap((address, which) => [...get(address), ...get(AT), ...i32Const(1), ...i32ShiftRight, ...i32Add, ...v128LoadHalf(0), ...set(into[which]!)]),
    // Two by two, then four by four; then each under sixteen zeros.
    ...both(w, x, low, a),
    ...both(y, z, low, b),
    ...both(get(a), get(b), LOW, c),
    ...both(get(a), get(b), HIGH, d),
    ...both(v128Zero, get(c), low, into[0]!),
    ...both(v128Zero, get(c), high, into[1]!),
    ...both(v128Zero, get(d), low, into[2]!),
    ...both(v128Zero, get(d), high, into[3]!),
  ];
}

const FOURS = [0, 1];

/** One round, and on to the next while there is one: `turnedWeights` as `turned`. */
function roundOfPairs(turnedWeights: typeof turned): Code {
  const fourDimensions = (four: number): Code => {
    const pairs = [0, 1, 2, 3].map((lane) => 4 * four + lane);
    const multiplied = [0, 1, 2, 3].flatMap((i) => [...get(inputs[i]!), ...get(weights[i]!), ...get(partOf(four)), ...f32x4RelaxedMultiplyAdd, ...set(partOf(four))]);
    return [...turned(pairs.map(inputOf), inputs), ...turnedWeights(pairs.map(weightOf), weights), ...multiplied];
  };
  const block: Code = [
    // This block ends where the dimensions do, if they end first.
    ...[...get(AT), ...i32Const(DEPTH * F32), ...i32Add, ...tee(BLOCK_END), ...get(BYTES), ...get(BLOCK_END), ...get(BYTES), ...i32LessUnsigned, ...select, ...set(BLOCK_END)],
    ...FOURS.flatMap((four) => [...v128Zero, ...set(partOf(four))]),
    ...repeatWhile([...FOURS.flatMap(fourDimensions), ...get(AT), ...i32Const(4 * F32), ...i32Add, ...tee(AT), ...get(BLOCK_END), ...i32LessUnsigned]),
    ...FOURS.flatMap((four) => [...get(sumOf(four)), ...get(partOf(four)), ...f32x4Add, ...set(sumOf(four))]),
  ];
  const everyPair = Array.from({ length: PAIRS }, (_, pair) => pair);
  return [
    ...everyPair.flatMap((pair) => [...get(ROUND), ...i32Load(F32 * pair), ...set(inputOf(pair)), ...get(ROUND), ...i32Load(F32 * (PAIRS + pair)), ...set(weightOf(pair))]),
    ...FOURS.flatMap((four) => [...get(ROUND), ...v128Load(F32 * (2 * PAIRS + 4 * four)), ...set(sumOf(four))]),
    ...[...i32Const(0), ...set(AT)],
    ...repeatWhile([...block, ...get(AT), ...get(BYTES), ...i32LessUnsigned]),
    ...FOURS.flatMap((four) => [...get(ROUND), ...get(sumOf(four)), ...v128Store(F32 * (2 * PAIRS + 4 * four))]),
    ...[...get(ROUND), ...i32Const(ROUND_BYTES), ...i32Add, ...tee(ROUND), ...get(ROUNDS_END), ...i32LessUnsigned],
  ];
}

const LOCALS: readonly Type[] = [...new Array<Type>(2 + 2 * PAIRS).fill("i32"), ...new Array<Type>(16).fill("v128")];
/** products(round, roundsEnd, bytes): of each round 8 addresses of inputs, 8 of weights and 8 sums, which it adds to; `bytes` of each input, none 0. */
const made = (turnedWeights: typeof turned): Uint8Array<ArrayBuffer> => wasmModule("products", 3, LOCALS, repeatWhile(roundOfPairs(turnedWeights)));
const MODULES: Readonly<Record<StoredWeights, Uint8Array<ArrayBuffer>>> = { f32: made(turned), bf16: made(widened) };
