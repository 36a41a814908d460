/** Without this file every parity test would read its fixtures and measure distances in its own way. */
import { decodeNumbers, pieces } from "../../runtime/checkpoint/numbers.ts";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";

/** All float32 tensors of a fixture. */
export async function readTensors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const [name, tensor] of (await readSafetensors(file)).tensors) {
    for await (const bytes of pieces(tensor)) found.set(name, decodeNumbers(bytes, tensor.dtype) as Float32Array);
  }
  return found;
}

/** |a − b| / |b| of each row of width d. */
export function relativeErrors(ours: Float32Array, theirs: Float32Array, d: number): number[] {
  return Array.from({ length: theirs.length / d }, (_, row) => {
    let difference = 0;
    let size = 0;
    for (let at = row * d; at < (row + 1) * d; at += 1) {
      difference += ((ours[at] as number) - (theirs[at] as number)) ** 2;
      size += (theirs[at] as number) ** 2;
    }
    return Math.sqrt(difference / size);
  });
}
