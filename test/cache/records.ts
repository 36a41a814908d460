/** Without this file each cache test would invent records of its own. */
import { createHash } from "node:crypto";
import seedrandom from "seedrandom";
import type { Space } from "../../runtime/cache/space_segments.ts";
import type { TapOutput } from "../../runtime/engine/port.ts";

export const SPACE: Space = { id: "0123456789abcdef0123456789abcdef", name: "a model layer 3 resid_post", memoryOnly: false };

export function keyOf(i: number): Buffer {
  return createHash("sha256").update(`record ${i}`).digest().subarray(0, 16);
}

/** A sparse record that depends on its number alone: up to 6 rows, or hundreds, some empty, features up to 2³², values of every kind of bits. */
export function recordOf(i: number): TapOutput & { readonly kind: "sparse" } {
  const random = seedrandom(String(i));
  const rows = Math.floor(random() * (i % 16 === 15 ? 600 : 7));
  const lists = Array.from({ length: rows }, () => [...new Set(Array.from({ length: Math.floor(random() * 9) }, () => Math.floor(random() * (random() < 0.1 ? 2 ** 32 : 3000))))].sort((a, b) => a - b));
  const indices = Uint32Array.from(lists.flat());
  const indptr = new Uint32Array(rows + 1);
  lists.forEach((list, row) => (indptr[row + 1] = indptr[row]! + list.length));
  const bits = Uint32Array.from(indices, () => (random() < 0.1 ? Math.floor(random() * 2 ** 32) : 0x3f80_0000 + Math.floor(random() * 2 ** 24)));
  return { kind: "sparse", indptr, indices, values: new Float32Array(bits.buffer) };
}
