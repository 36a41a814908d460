/**
 * Without this file all products of a screen would be compared one by one, though one in a hundred is worth a look.
 *
 * Sixteen products are compared at a time, in WebAssembly's vectors where this engine has them, in the memory that they were written to.
 */
import { anyTrue, get, i32Add, i32Const, i32LessUnsigned, i32ShiftLeft, i32Store, i32x4AtLeast, i32x4Most, repeatWhile, set, tee, v128Load, v128LoadSplat, wasmModule, type Code } from "./wasm.ts";

/** Products that are compared together; as many a feature has, or a multiple of it. */
export const TOGETHER = 16;
/** Features of one call at most. */
export const MOST_FEATURES = 64;
const WORD = 4;
const VECTOR = 16;
const PAGE = 2 ** 16;
/** Where the last place found is told, where limits lie, and where products do. */
const FOUND_AT = 0;
const LIMITS_AT = VECTOR;
const PRODUCTS_AT = LIMITS_AT + MOST_FEATURES * WORD;

export interface ProductScan {
  /** Where products are to be written: of each feature `stride`. */
  readonly products: Int32Array<ArrayBuffer>;
  /**
   * Where sixteen products begin of which one or more are no less than their feature's limit, ascending: of the features from number `first` on, so many as there
   * are `limits`, at most `MOST_FEATURES`. `stride`: a multiple of 16. The list is the scan's own until the next call.
   */
  readonly find: (first: number, stride: number, limits: Int32Array) => ArrayLike<number>;
}

/** A scan of up to `features` of `rows` products each. `vectors`: whether the engine's may be used. */
export function openProductScan(features: number, rows: number, vectors = true): ProductScan {
  const width = Math.ceil(rows / TOGETHER) * TOGETHER;
  return vectors && WebAssembly.validate(SCAN) ? inVectors(features, width) : oneByOne(features, width);
}

function oneByOne(features: number, width: number): ProductScan {
  const products = new Int32Array(features * width);
  return {
    products,
    find: (first, stride, limits) => {
      const found: number[] = [];
      limits.forEach((limit, feature) => {
        for (let at = (first + feature) * stride, end = at + stride; at < end; at += TOGETHER) if (products.subarray(at, at + TOGETHER).some((product) => product >= limit)) found.push(at);
      });
      return found;
    },
  };
}

function inVectors(features: number, width: number): ProductScan {
  const foundAt = PRODUCTS_AT + features * width * WORD;
  // One place more than can be found: it is written before it is known whether it counts.
  const pages = Math.ceil((foundAt + (MOST_FEATURES * (width / TOGETHER) + 1) * WORD) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const scan = new WebAssembly.Instance(new WebAssembly.Module(SCAN), { host: { memory } }).exports["scan"] as (at: number, end: number, limit: number, bytes: number, found: number) => void;
  const last = new Int32Array(memory.buffer, FOUND_AT, 1);
  const room = new Int32Array(memory.buffer, LIMITS_AT, MOST_FEATURES);
  const places = new Int32Array(memory.buffer, foundAt);
  return {
    products: new Int32Array(memory.buffer, PRODUCTS_AT, features * width),
    find: (first, stride, limits) => {
      room.set(limits);
      const [start, bytes] = [PRODUCTS_AT + first * stride * WORD, stride * WORD];
      scan(start, start + limits.length * bytes, LIMITS_AT, bytes, foundAt);
      const found = places.subarray(0, (last[0]! - foundAt) / WORD);
      for (let i = 0; i < found.length; i++) found[i] = (found[i]! - PRODUCTS_AT) / WORD;
      return found;
    },
  };
}

/** scan(at, end, limit, bytes, found): of each `bytes` from `at` to `end` the addresses of what reaches the feature's limit, from `found` on; where they end is told at `FOUND_AT`. */
function scanning(): Uint8Array<ArrayBuffer> {
  const [at, end, limit, bytes, found, featureEnd, level] = [0, 1, 2, 3, 4, 5, 6];
  const most: Code = [...get(at), ...v128Load(0), ...[1, 2, 3].flatMap((vector) => [...get(at), ...v128Load(vector * VECTOR), ...i32x4Most])];
  const reaches: Code = [...most, ...get(level), ...i32x4AtLeast, ...anyTrue];
  return wasmModule("scan", 5, ["i32", "v128"], [
    ...repeatWhile([
      ...[...get(limit), ...v128LoadSplat(0), ...set(level), ...get(limit), ...i32Const(WORD), ...i32Add, ...set(limit)],
      ...[...get(at), ...get(bytes), ...i32Add, ...set(featureEnd)],
      ...repeatWhile([
        // Written in any case, and kept by going on: a branch for what is rare costs more.
        ...[...get(found), ...get(at), ...i32Store(0)],
        ...[...get(found), ...reaches, ...i32Const(2), ...i32ShiftLeft, ...i32Add, ...set(found)],
        ...[...get(at), ...i32Const(TOGETHER * WORD), ...i32Add, ...tee(at), ...get(featureEnd), ...i32LessUnsigned],
      ]),
      ...[...get(at), ...get(end), ...i32LessUnsigned],
    ]),
    ...[...i32Const(FOUND_AT), ...get(found), ...i32Store(0)],
  ]);
}

const SCAN = scanning();
