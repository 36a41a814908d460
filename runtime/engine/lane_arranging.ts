/** Without this file texts that are gone on with could neither leave a batch nor share what their prompt was read into: rows of what is kept are put together anew here. */
import * as ort from "onnxruntime-node";
import { tokenAxis } from "../../src/emit/arrange.ts";
import type { CacheInput } from "../../src/emit/specs.ts";
import type { LaneSession } from "./lane_session.ts";

export interface CacheRow {
  readonly tensor: ort.Tensor;
  readonly row: number;
  /** Tokens that it has. */
  readonly length: number;
}

/** Let go of what nobody reads any more. Memory that the runtime gave would wait for the garbage collector, which sees small objects only: a buffer that is moved out of its place is freed at once. */
export function free(tensors: Iterable<ort.Tensor>): void {
  for (const tensor of tensors) {
    if (tensor.location !== "cpu") tensor.dispose();
    else (tensor.data as Float32Array<ArrayBuffer>).buffer.transfer(0);
  }
}

/** Rows of caches in one tensor that has room for `most` tokens, where they lie. What stands behind a row's own tokens is zeros on the CPU, and anything on a device: no step reads it. */
export async function arranged(session: Pick<LaneSession, "arrange">, cache: CacheInput, rows: readonly CacheRow[], most: number): Promise<ort.Tensor> {
  return rows.every(({ tensor }) => tensor.location === "cpu") ? gathered(cache, rows, most) : onDevice(session, cache, rows, most);
}

/** Whole numbers as they are fed. */
const int64 = (values: Iterable<number>): ort.Tensor => {
  const data = BigInt64Array.from(values, BigInt);
  return new ort.Tensor("int64", data, [data.length]);
};

/** One tensor after another, each with those of its rows that stand beside one another. */
async function onDevice({ arrange }: Pick<LaneSession, "arrange">, cache: CacheInput, rows: readonly CacheRow[], most: number): Promise<ort.Tensor> {
  const axis = tokenAxis(cache);
  let held = numbers(cache, [0, ...cache.dims.slice(1).map((dim) => (typeof dim === "number" ? dim : most))]);
  for (let from = 0; from < rows.length; ) {
    const { tensor } = rows[from]!;
    let to = from;
    while (to < rows.length && rows[to]!.tensor === tensor) to++;
    const tokens = axis === -1 ? 0 : tensor.dims[axis]!;
    const feeds = { held, x: tensor, rows: int64(rows.slice(from, to).map(({ row }) => row)), columns: int64(Array.from({ length: most }, (_, column) => Math.min(column, tokens - 1))) };
    const longer = await arrange(cache, feeds);
    free([held]);
    held = longer;
    from = to;
  }
  return held;
}

/** Zeros of a cache's type. */
export function numbers({ element }: CacheInput, dims: readonly number[]): ort.Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return element === "f16" ? new ort.Tensor("float16", new Uint16Array(size), dims) : new ort.Tensor("float32", new Float32Array(size), dims);
}

function gathered(cache: CacheInput, rows: readonly CacheRow[], most: number): ort.Tensor {
  const axis = tokenAxis(cache);
  const dims = cache.dims.map((dim, at) => (at === 0 ? rows.length : typeof dim === "number" ? dim : most));
  const product = (from: number, to: number): number => dims.slice(from, to).reduce((size, dim) => size * dim, 1);
  const size = product(1, dims.length);
  const [runs, inner] = axis === -1 ? [1, size] : [product(1, axis), product(axis + 1, dims.length)];
  const made = numbers(cache, dims);
  const into = made.data as Float32Array;
  rows.forEach(({ tensor, row, length }, at) => {
    const data = tensor.data as Float32Array;
    const stride = axis === -1 ? size : tensor.dims[axis]! * inner;
    const taken = axis === -1 ? size : length * inner;
    const step = size / runs;
    for (let run = 0; run < runs; run++) {
      const from = (row * runs + run) * stride;
      into.set(data.subarray(from, from + taken), at * size + run * step);
    }
  });
  return made;
}
