/**
 * Without this file a feature that one token may have would be multiplied with many tokens that cannot have it.
 *
 * Products x_n·w_j + b_j of chosen pairs (n, j), in the order in which ONNX Runtime's float32 product adds on a processor with fused
 * multiply-add, so with its bits (MLAS `sgemm.cpp`, MlasSgemmOperation, and `FgemmKernelCommon.h`): c = b; for each 128 dimensions a = 0, then
 * a = fma(x_i, w_i, a) in order, then c = c + a. Blocks of 128 dimensions do not wait for each other, so four of them lie in the four lanes of a
 * vector: rows of inputs and of weights are arranged for it once, when they come. Whether a processor's product really is this is for its user to
 * try (`engine/lane_pair_order.ts`): the instruction used here may round twice, and the library may change its order.
 */
import { f32x4Add, f32x4RelaxedMultiplyAdd, get, i32Add, i32Const, i32IsZero, i32LessUnsigned, i32Load, repeatWhile, select, set, shuffle, tee, v128Load, v128LoadHalf, v128Store, v128Zero, wasmModule, whenElse, type Code, type Type } from "./wasm.ts";

/** Dimensions whose products are added by themselves before they are added to the rest. */
const DEPTH = 128;
/** Lanes of a vector, one block of dimensions in each. */
const LANES = 4;
/** Pairs of one round, whose sums do not wait for each other. With eight of them V8 moves sums to memory and back, and a pair takes half as long again (`bench/pairs.ts`). */
const PAIRS = LANES;
/** Bytes of arranged weights at a time: they are to stay in the processor's second cache. */
const WEIGHT_BYTES = 2 ** 21;
/** Pairs of one call. */
const MOST_PAIRS = 8192;
const F32 = 4;
const VECTOR = LANES * F32;
const PAGE = 2 ** 16;
const ROUND_BYTES = 3 * PAIRS * F32;
/** Zeros at the start of memory, read in place of dimensions that are not there. */
const ZEROS = VECTOR;

/** What weights are stored as where they need not be widened before. */
export type StoredWeights = "f32" | "bf16";
const BYTES_OF = { f32: 4, bf16: 2 } as const;

/** Inputs, weights and results lie in one memory, so all of a block's work goes without copies. */
export interface PairProducts {
  /** Rows of `weights`. */
  readonly features: number;
  readonly stored: StoredWeights;
  /** A row of inputs, f32 [d]. */
  readonly put: (row: number, values: Float32Array) => void;
  /** [features, d], as they are stored: the upper halves of float32 for bf16. Written first, then arranged. */
  readonly weights: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** So many first rows of `weights` are there; those that were there before are not any more. */
  readonly arrange: (features: number) => void;
  /** Whether pairs must be taken before another can be added. */
  readonly isFull: () => boolean;
  /** One more pair: a row of inputs, a row of `weights`, and what its product is added to. */
  readonly add: (input: number, weight: number, bias: number) => void;
  /** Values of the pairs in the order in which they were added, and none are left. */
  readonly take: () => Float32Array;
}

/** Bytes of an arranged row: whole groups of four blocks, and one that is as deep as the first of its blocks. */
function arrangedBytes(d: number): number {
  const group = LANES * DEPTH;
  const last = d % group === 0 ? group : d % group;
  return ((Math.ceil(d / group) - 1) * DEPTH + Math.min(DEPTH, last)) * VECTOR;
}

/** Null where this engine has no such instructions, or vectors of d do not fill them: d must be a multiple of 4. */
export function openPairProducts(d: number, rows: number, stored: StoredWeights): PairProducts | null {
  if (d % LANES !== 0 || d === 0 || !WebAssembly.validate(PRODUCTS)) return null;
  const rowBytes = arrangedBytes(d);
  // Rows that lie a multiple of 4 KiB apart would push each other out of the first cache, all places of which such rows share: 3 times as slow.
  const stride = rowBytes + 64;
  const storedBytes = d * BYTES_OF[stored];
  const features = Math.max(1, Math.floor(WEIGHT_BYTES / rowBytes));
  const inputsAt = ZEROS;
  const weightsAt = inputsAt + rows * stride;
  const roundsAt = weightsAt + features * stride;
  const givenAt = roundsAt + (MOST_PAIRS / PAIRS) * ROUND_BYTES;
  const bytes = givenAt + Math.max(features * storedBytes, d * F32);
  if (bytes > 2 ** 31) return null;
  const pages = Math.ceil(bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const functionOf = (code: Uint8Array<ArrayBuffer>, name: string): ((a: number, b: number, c: number) => void) => new WebAssembly.Instance(new WebAssembly.Module(code), { host: { memory } }).exports[name] as (a: number, b: number, c: number) => void;
  const [products, arrangeInput, arrangeWeight] = [functionOf(PRODUCTS, "products"), functionOf(ARRANGE.f32, "arrange"), functionOf(ARRANGE[stored], "arrange")];
  const words = new Int32Array(memory.buffer, roundsAt);
  const sums = new Float32Array(memory.buffer, roundsAt);
  const given = new Float32Array(memory.buffer, givenAt, d);
  /** Where a pair's entries lie, in words: the address of its input, and so much further that of its weights and its sum. */
  const entry = (at: number): number => (at >> 2) * 3 * PAIRS + (at & 3);
  const put = (at: number, input: number, weight: number, bias: number): void => {
    const word = entry(at);
    words[word] = inputsAt + input * stride;
    words[word + PAIRS] = weightsAt + weight * stride;
    sums[word + 2 * PAIRS] = bias;
  };
  let count = 0;
  return {
    features,
    stored,
    put: (row, values) => {
      given.set(values);
      arrangeInput(givenAt, givenAt + d * F32, inputsAt + row * stride);
    },
    weights: stored === "f32" ? new Float32Array(memory.buffer, givenAt, features * d) : new Uint16Array(memory.buffer, givenAt, features * d),
    arrange: (there) => {
      for (let row = 0; row < there; row++) arrangeWeight(givenAt + row * storedBytes, givenAt + (row + 1) * storedBytes, weightsAt + row * stride);
    },
    isFull: () => count === MOST_PAIRS,
    add: (input, weight, bias) => put(count++, input, weight, bias),
    take: () => {
      // A round is always full: the rest of the last one is computed and left.
      const ended = Math.ceil(count / PAIRS) * PAIRS;
      for (let at = count; at < ended; at++) put(at, 0, 0, 0);
      if (count > 0) products(roundsAt, roundsAt + (ended / PAIRS) * ROUND_BYTES, rowBytes);
      const values = new Float32Array(count);
      for (let at = 0; at < count; at++) values[at] = sums[entry(at) + 2 * PAIRS]!;
      count = 0;
      return values;
    },
  };
}

const everyLane = [0, 1, 2, 3] as const;
const both = (left: Code, right: Code, lanes: Code, to: number): Code => [...left, ...right, ...lanes, ...set(to)];
const LOW = shuffle(4, 0, 4, 1, 5);
const HIGH = shuffle(4, 2, 6, 3, 7);

/** Four vectors of four numbers, in `rows`, become their columns; `free`: four vectors to do it with. */
function turned(rows: readonly number[], free: readonly number[]): Code {
  const [a, b, c, d] = free as [number, number, number, number];
  const [lowHalves, highHalves] = [shuffle(4, 0, 1, 4, 5), shuffle(4, 2, 3, 6, 7)];
  const [w, x, y, z] = rows.map((vector) => get(vector)) as [Code, Code, Code, Code];
  return [
    ...both(w, x, LOW, a),
    ...both(w, x, HIGH, b),
    ...both(y, z, LOW, c),
    ...both(y, z, HIGH, d),
    ...both(get(a), get(c), lowHalves, rows[0]!),
    ...both(get(a), get(c), highHalves, rows[1]!),
    ...both(get(b), get(d), lowHalves, rows[2]!),
    ...both(get(b), get(d), highHalves, rows[3]!),
  ];
}

/** The same of vectors whose lower halves are bfloat16, which is the upper half of float32. */
function widened(rows: readonly number[], free: readonly number[]): Code {
  const [a, b, c, d] = free as [number, number, number, number];
  const [low, high] = [shuffle(2, 0, 8, 1, 9, 2, 10, 3, 11), shuffle(2, 4, 12, 5, 13, 6, 14, 7, 15)];
  const [w, x, y, z] = rows.map((vector) => get(vector)) as [Code, Code, Code, Code];
  return [
    // Two by two, then four by four; then each under sixteen zeros.
    ...both(w, x, low, a),
    ...both(y, z, low, b),
    ...both(get(a), get(b), LOW, c),
    ...both(get(a), get(b), HIGH, d),
    ...both(v128Zero, get(c), low, rows[0]!),
    ...both(v128Zero, get(c), high, rows[1]!),
    ...both(v128Zero, get(d), low, rows[2]!),
    ...both(v128Zero, get(d), high, rows[3]!),
  ];
}

/**
 * arrange(from, end, to): one row of numbers, as they are stored from `from` to before `end`, becomes groups of four blocks: of each dimension of a
 * block the four blocks' numbers, zeros where there are none. A group is as deep as its first block.
 */
function arranging(stored: StoredWeights): Uint8Array<ArrayBuffer> {
  const [from, end, to, at, stop, address] = [0, 1, 2, 3, 4, 5];
  const [rows, free] = [everyLane.map((lane) => 6 + lane), everyLane.map((lane) => 10 + lane)];
  const size = BYTES_OF[stored];
  const load = stored === "f32" ? v128Load(0) : v128LoadHalf(0);
  const steps = (loaded: (lane: number) => Code): Code =>
    repeatWhile([
      ...everyLane.flatMap((lane) => [...loaded(lane), ...load, ...set(rows[lane]!)]),
      ...(stored === "f32" ? turned(rows, free) : widened(rows, free)),
      ...everyLane.flatMap((dimension) => [...get(to), ...get(rows[dimension]!), ...v128Store(dimension * VECTOR)]),
      ...[...get(to), ...i32Const(LANES * VECTOR), ...i32Add, ...set(to)],
      ...[...get(at), ...i32Const(LANES * size), ...i32Add, ...tee(at), ...get(stop), ...i32LessUnsigned],
    ]);
  const placeOf = (lane: number): Code => [...get(at), ...i32Const(lane * DEPTH * size), ...i32Add];
  const orZeros = (lane: number): Code => [...placeOf(lane), ...tee(address), ...i32Const(0), ...get(address), ...get(end), ...i32LessUnsigned, ...select];
  const groupBytes = LANES * DEPTH * size;
  const begun: Code = [...get(from), ...set(at), ...get(from), ...i32Const(DEPTH * size), ...i32Add, ...set(stop)];
  const isWhole: Code = [...get(end), ...get(from), ...i32Const(groupBytes), ...i32Add, ...i32LessUnsigned, ...i32IsZero];
  const lastStop: Code = [...get(stop), ...get(end), ...get(stop), ...get(end), ...i32LessUnsigned, ...select, ...set(stop)];
  const group: Code = whenElse(isWhole, [...begun, ...steps(placeOf)], [...begun, ...lastStop, ...steps(orZeros)]);
  const body = repeatWhile([...group, ...get(from), ...i32Const(groupBytes), ...i32Add, ...tee(from), ...get(end), ...i32LessUnsigned]);
  return wasmModule("arrange", 3, [...new Array<Type>(3).fill("i32"), ...new Array<Type>(8).fill("v128")], body);
}

/** products(round, roundsEnd, bytes): of each round 4 addresses of inputs, 4 of weights and 4 sums, which it adds to; `bytes` of each arranged row, none 0. */
function multiplying(): Uint8Array<ArrayBuffer> {
  const [round, roundsEnd, bytes, at, groupEnd, input, weight] = [0, 1, 2, 3, 4, 5, 6];
  const inputOf = (pair: number): number => 7 + pair;
  const weightOf = (pair: number): number => 7 + PAIRS + pair;
  const vectors = 7 + 2 * PAIRS;
  const partOf = (pair: number): number => vectors + pair;
  const sums = vectors + PAIRS;
  const free = everyLane.map((lane) => sums + 1 + lane);
  /** Four dimensions of each of the four blocks. */
  const multiplied = (pair: number): Code => [
    ...[...get(inputOf(pair)), ...get(at), ...i32Add, ...set(input)],
    ...[...get(weightOf(pair)), ...get(at), ...i32Add, ...set(weight)],
    ...everyLane.flatMap((dimension) => [...get(input), ...v128Load(dimension * VECTOR), ...get(weight), ...v128Load(dimension * VECTOR), ...get(partOf(pair)), ...f32x4RelaxedMultiplyAdd, ...set(partOf(pair))]),
  ];
  const parts = everyLane.map(partOf);
  /** Sums of the pairs' blocks become those of each block, and are added in order. A block that is not there adds 0. */
  const added: Code = [...turned(parts, free), ...parts.flatMap((block) => [...get(sums), ...get(block), ...f32x4Add, ...set(sums)])];
  const group: Code = [
    // This group ends where the row does, if it ends first.
    ...[...get(at), ...i32Const(DEPTH * VECTOR), ...i32Add, ...tee(groupEnd), ...get(bytes), ...get(groupEnd), ...get(bytes), ...i32LessUnsigned, ...select, ...set(groupEnd)],
    ...parts.flatMap((part) => [...v128Zero, ...set(part)]),
    ...repeatWhile([...everyLane.flatMap(multiplied), ...get(at), ...i32Const(LANES * VECTOR), ...i32Add, ...tee(at), ...get(groupEnd), ...i32LessUnsigned]),
    ...added,
  ];
  const body: Code = [
    ...everyLane.flatMap((pair) => [...get(round), ...i32Load(F32 * pair), ...set(inputOf(pair)), ...get(round), ...i32Load(F32 * (PAIRS + pair)), ...set(weightOf(pair))]),
    ...[...get(round), ...v128Load(2 * PAIRS * F32), ...set(sums)],
    ...[...i32Const(0), ...set(at)],
    ...repeatWhile([...group, ...get(at), ...get(bytes), ...i32LessUnsigned]),
    ...[...get(round), ...get(sums), ...v128Store(2 * PAIRS * F32)],
    ...[...get(round), ...i32Const(ROUND_BYTES), ...i32Add, ...tee(round), ...get(roundsEnd), ...i32LessUnsigned],
  ];
  return wasmModule("products", 3, [...new Array<Type>(4 + 2 * PAIRS).fill("i32"), ...new Array<Type>(PAIRS + 1 + LANES).fill("v128")], repeatWhile(body));
}

const PRODUCTS = multiplying();
const ARRANGE: Readonly<Record<StoredWeights, Uint8Array<ArrayBuffer>>> = { f32: arranging("f32"), bf16: arranging("bf16") };
