/** Without this file a cache could not tell two checkpoints apart without reading all of them. */
import { createHash } from "node:crypto";
import { absentFile } from "./absent.ts";
import { openFile } from "./real_path.ts";
import { readExactly, type TensorEntry, type TensorFile } from "./safetensors.ts";

const SAMPLES = 64;
const SAMPLE = 4096;
/** Bytes of vectors of a file that are read whole: a bias and a threshold of a million features are 8 MB. */
const WHOLE = 16 * 2 ** 20;

/**
 * sha256 over the given texts, then per file its header, its size, its vectors (biases, thresholds, norms), 64 evenly spaced blocks of 4 kB
 * and the last 4 kB (all of it when smaller): little beside a file's matrices. It tells checkpoints and revisions apart; it does not notice an
 * edit of a few weights of a matrix between the blocks. Paths are not part of it.
 */
export async function digest(texts: readonly (string | Uint8Array)[], files: readonly TensorFile[]): Promise<string> {
  const hash = createHash("sha256");
  const framed = (bytes: string | Uint8Array): void => {
    hash.update(`${bytes.length}:`).update(bytes);
  };
  texts.forEach(framed);
  for (const tensors of files) {
    framed(tensors.header);
    framed(String(tensors.size));
    // What is not here yet is named by its commit (`runtime/hub/`), not by its bytes.
    if (absentFile(tensors.file) !== null) continue;
    for (const part of await parts(tensors)) hash.update(part);
  }
  return hash.digest("hex");
}

/** Asked for together: one after the other, a model of many shards is waited for a thousand times. */
async function parts({ file, size, start, tensors }: TensorFile): Promise<readonly Uint8Array[]> {
  const ranges = [...vectors(file, tensors), ...sampleOffsets(start, size).map((offset) => ({ offset, length: Math.min(SAMPLE, size - offset) }))];
  const handle = await openFile(file);
  try {
    return await Promise.all(ranges.map(({ offset, length }) => readExactly(handle, file, offset, length)));
  } finally {
    await handle.close();
  }
}

/** The shortest first, and of equal ones the first in the file, until they are `WHOLE` bytes together. */
function vectors(file: string, tensors: TensorFile["tensors"]): readonly Pick<TensorEntry, "offset" | "length">[] {
  const own = [...tensors.values()].filter((each) => each.file === file && each.shape.filter((size) => size > 1).length <= 1).sort((a, b) => a.length - b.length || a.offset - b.offset);
  let bytes = 0;
  return own.filter(({ length }) => (bytes += length) <= WHOLE);
}

function sampleOffsets(start: number, size: number): readonly number[] {
  const room = size - start - SAMPLE;
  if (room <= SAMPLES * SAMPLE) return Array.from({ length: Math.ceil((size - start) / SAMPLE) }, (_, at) => start + at * SAMPLE);
  return Array.from({ length: SAMPLES + 1 }, (_, at) => start + Math.floor((room * at) / SAMPLES));
}
