/** Without this file row numbers and ids would leave the runtime as BigInts, slow to read and twice as long. */

/** int64 → int32: low words, little-endian as on every platform the runtime is built for. */
export function narrow(data: BigInt64Array): Int32Array {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  const low = new Int32Array(data.length);
  for (let i = 0; i < low.length; i++) low[i] = words[2 * i]!;
  return low;
}
