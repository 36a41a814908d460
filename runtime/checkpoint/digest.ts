/** Without this file a cache could not tell two checkpoints apart without reading all of them. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { systemCode } from "../data/error.ts";
import { absentFile } from "./absent.ts";
import { fewAtOnce } from "./few_at_once.ts";
import { openFile } from "./real_path.ts";
import { readExactly, type TensorEntry, type TensorFile } from "./safetensors.ts";

const SAMPLES = 64;
const SAMPLE = 4096;
/** Bytes of vectors of a file that are read whole: a bias and a threshold of a million features are 8 MB. */
const WHOLE = 16 * 2 ** 20;
/** Of one read. From memory 4 kB take 5 µs, and a vector of a megabyte 0.3 ms. */
const SLOW_MS = 2;

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
  for await (const [{ header, size }, read] of fewAtOnce(files, parts)) {
    framed(header);
    framed(String(size));
    for (const part of read) hash.update(part);
  }
  return hash.digest("hex");
}

/**
 * What the system has in its cache is read at once: a read that is waited for costs twenty times as much, and a model of many shards has a
 * thousand. From the first slow one on the rest of a file is asked for together, so that a slow disk neither adds up nor holds up the keys.
 */
async function parts({ file, size, start, tensors }: TensorFile): Promise<readonly Uint8Array[]> {
  // What is not here yet is named by its commit (`runtime/hub/`), not by its bytes.
  if (absentFile(file) !== null) return [];
  const ranges = [...vectors(file, tensors), ...sampleOffsets(start, size).map((offset) => ({ offset, length: Math.min(SAMPLE, size - offset) }))];
  const handle = await openFile(file);
  try {
    const known = readAtOnce(handle.fd, ranges);
    return [...known, ...(await Promise.all(ranges.slice(known.length).map(({ offset, length }) => readExactly(handle, file, offset, length))))];
  } finally {
    await handle.close();
  }
}

type Range = Pick<TensorEntry, "offset" | "length">;

/** The first ranges, as far as they come quickly and whole: why one does not is told by who asks for it again. */
function readAtOnce(fd: number, ranges: readonly Range[]): readonly Uint8Array[] {
  const known: Uint8Array[] = [];
  try {
    for (const { offset, length } of ranges) {
      const started = performance.now();
      const bytes = new Uint8Array(length);
      if (readSync(fd, bytes, 0, length, offset) !== length) break;
      known.push(bytes);
      if (performance.now() - started > SLOW_MS) break;
    }
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
  return known;
}

/** The shortest first, and of equal ones the first in the file, until they are `WHOLE` bytes together. */
function vectors(file: string, tensors: TensorFile["tensors"]): readonly Range[] {
  const own = [...tensors.values()].filter((each) => each.file === file && each.shape.filter((size) => size > 1).length <= 1).sort((a, b) => a.length - b.length || a.offset - b.offset);
  let bytes = 0;
  return own.filter(({ length }) => (bytes += length) <= WHOLE);
}

function sampleOffsets(start: number, size: number): readonly number[] {
  const room = size - start - SAMPLE;
  if (room <= SAMPLES * SAMPLE) return Array.from({ length: Math.ceil((size - start) / SAMPLE) }, (_, at) => start + at * SAMPLE);
  return Array.from({ length: SAMPLES + 1 }, (_, at) => start + Math.floor((room * at) / SAMPLES));
}
