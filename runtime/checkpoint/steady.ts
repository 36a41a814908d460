/** Without this file weights that somebody writes over while they are read would give results that are half of old ones and half of new ones. */
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import type { WeightRef } from "../../src/emit/specs.ts";
import { CheckpointError } from "./error.ts";

type Facts = Pick<BigIntStats, "dev" | "ino" | "size" | "mtimeNs">;

/** Files of weights as they were when their header, or their directory, was last read. */
const read = new Map<string, Facts>();

/** From now on a file of weights counts as read in this state. */
export function readAs(file: string, { dev, ino, size, mtimeNs }: BigIntStats): void {
  read.set(file, { dev, ino, size, mtimeNs });
}

/**
 * Vectors, offsets and what is kept are of the file that was read; its matrices are mapped, and change with it. A file that is gone is told by who opens it.
 * @throws CheckpointError `changed-while-read`
 */
export async function requireSteady(tensors: readonly WeightRef[]): Promise<void> {
  for (const file of new Set(tensors.map((ref) => ref.file))) {
    const now = await stat(file, { bigint: true }).catch(() => null);
    if (now === null) continue;
    const before = read.get(file);
    if (before === undefined) {
      // What was downloaded after its header was read.
      readAs(file, now);
      continue;
    }
    if (now.dev === before.dev && now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs) continue;
    throw new CheckpointError("changed-while-read", `${file} changed since its weights were read`, {
      notes: [now.size === before.size ? "it was written again, with as many bytes" : `it had ${before.size} bytes and has ${now.size} now`, "nothing that was computed with it is shown or kept as its result"],
      help: "start saeq again when nothing writes to it",
    });
  }
}
