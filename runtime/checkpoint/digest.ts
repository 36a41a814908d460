/** Without this file a cache could not tell two checkpoints apart without reading all of them. */
import { createHash } from "node:crypto";
import { absentFile } from "./absent.ts";
import { openFile } from "./real_path.ts";
import { readExactly, type TensorFile } from "./safetensors.ts";

const SAMPLES = 64;
const SAMPLE = 4096;

/**
 * sha256 over the given texts, then per file its header, its size, 64 evenly spaced blocks of 4 kB and the last 4 kB (all of it when smaller):
 * about 260 kB of reading a file, whatever its size. It tells checkpoints and revisions apart; it does not notice an edit of a few weights
 * between the blocks. Paths are not part of it.
 */
export async function digest(texts: readonly (string | Uint8Array)[], files: readonly TensorFile[]): Promise<string> {
  const hash = createHash("sha256");
  const framed = (bytes: string | Uint8Array): void => {
    hash.update(`${bytes.length}:`).update(bytes);
  };
  texts.forEach(framed);
  for (const { file, size, header, start } of files) {
    framed(header);
    framed(String(size));
    // What is not here yet is named by its commit (`runtime/hub/`), not by its bytes.
    if (absentFile(file) !== null) continue;
    for (const sample of await samples(file, start, size)) hash.update(sample);
  }
  return hash.digest("hex");
}

/** Asked for together: one after the other, a model of many shards is waited for a thousand times. */
async function samples(file: string, start: number, size: number): Promise<readonly Uint8Array[]> {
  const handle = await openFile(file);
  try {
    return await Promise.all(sampleOffsets(start, size).map((offset) => readExactly(handle, file, offset, Math.min(SAMPLE, size - offset))));
  } finally {
    await handle.close();
  }
}

function sampleOffsets(start: number, size: number): readonly number[] {
  const room = size - start - SAMPLE;
  if (room <= SAMPLES * SAMPLE) return Array.from({ length: Math.ceil((size - start) / SAMPLE) }, (_, at) => start + at * SAMPLE);
  return Array.from({ length: SAMPLES + 1 }, (_, at) => start + Math.floor((room * at) / SAMPLES));
}
