/** Without this file each reader of the fixtures of architectures would count for itself which rows they hold. */
import { join } from "node:path";

/** The folder of the models that make_architectures.py made. */
export const ARCHITECTURES: string = join(import.meta.dirname, "architectures");

/** Positions of a document whose values are kept, as make_architectures.py chooses them, ascending. */
export function keptPositions(length: number): readonly number[] {
  return [...new Set([0, 1, Math.floor(length / 2), length - 2, length - 1])].filter((at) => at >= 0 && at < length).sort((a, b) => a - b);
}
