/** Without this file batches would be as large as they are quick, whatever memory there is. */
import { fedAs, FEWEST_TOKENS, MOST_ACTIVE, MOST_ROWS, MOST_TOKENS } from "../engine/batching.ts";
import { EngineError, type ActiveLimits, type Document, type JobLimits } from "../engine/port.ts";
import { unevenHeads } from "../../src/emit/padding.ts";
import { tileOf } from "../../src/emit/encode.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { continuingBytes, encodingBytes, featuresOfRow, laneBytes, roomOf, type BatchShape, type Shapes } from "./lane_memory.ts";

/** What this process needs beside the engine's: Node, the compiler, a tokenizer, and room for tables and results. */
export const HOST_BYTES = 300e6;

/** How a pass is run, and what it will take. */
export interface Fit extends JobLimits {
  /** Anonymous bytes of one engine process, and of all processes, at most. */
  readonly laneBytes: number;
  readonly bytes: number;
  /** Least `bytes` that any batch of these texts needs, in one process. */
  readonly least: number;
}

/** Lengths that matter of the texts of a pass. */
export interface Extent {
  readonly texts: number;
  /** Tokens of the longest text. */
  readonly longest: number;
  /** Wanted positions of a text, at most. */
  readonly rows: number;
}

export function extentOf(documents: readonly Document[]): Extent {
  return { texts: documents.length, longest: documents.reduce((most, { ids }) => Math.max(most, ids.length), 0), rows: documents.reduce((most, { wanted }) => Math.max(most, wanted.length), 0) };
}

/**
 * As many processes and as large batches as stay below `bytes`, rather fewer tokens than fewer processes: a batch of some hundred tokens is
 * nearly as quick as a large one. What does not fit at all is given one process and one text at a time. `batch`: texts of a batch, where they were
 * asked for. `partsOf`: that a product may be cut in where so many processes work. Results are the same whatever is chosen.
 */
export function fit(shapes: Shapes, { texts, longest, rows }: Extent, lanes: number, bytes: number, batch: number | null = null, partsOf: (processes: number) => number = () => 1): Fit {
  const padded = fedAs(Math.max(1, longest), unevenHeads(shapes.model));
  // A text is never cut: the smallest batch is the longest text.
  const shape = (asked: number): BatchShape => {
    const tokens = Math.max(Math.min(asked, texts * padded), padded);
    return { tokens, longest: padded, rows: Math.max(Math.min(MOST_ROWS, Math.ceil((rows / Math.max(1, longest)) * tokens)), rows, 2) };
  };
  const all = (processes: number, tokens: number): number => HOST_BYTES + processes * laneBytes(shapes, shape(tokens), partsOf(processes));
  const make = (processes: number, asked: number): Fit => {
    const { tokens, rows: most } = shape(asked);
    const taken = all(processes, asked);
    return { lanes: processes, tokens, rows: most, ...activeOf(shapes, most, (bytes - taken) / processes), laneBytes: laneBytes(shapes, shape(asked), partsOf(processes)), bytes: taken, least: all(1, 1) };
  };
  const sizes = batch === null ? SIZES : [batch * padded];
  for (let processes = Math.max(1, Math.min(lanes, texts)); processes >= 1; processes--) {
    for (const tokens of sizes) if (all(processes, tokens) <= bytes) return make(processes, tokens);
  }
  if (batch !== null) return make(1, batch * padded);
  for (const tokens of SMALL) if (all(1, tokens) <= bytes) return make(1, tokens);
  return make(1, 1);
}

/** What rows may have more of than memory is reckoned with, where `spare` bytes of a process are not needed for it. */
function activeOf({ model, taps, editors = [], head }: Shapes, rows: number, spare: number): { readonly active?: ActiveLimits } {
  const features = featuresOfRow(taps.map(({ sae }) => sae));
  if (head === true || features <= MOST_ACTIVE) return {};
  const of = JSON.stringify([model.digest, taps.map(({ tap, sae }) => [tap.layer, tap.hook, sae?.digest ?? null]), editors.map(({ digest }) => digest)]);
  return { active: { of, features, room: roomOf(rows, spare) } };
}

/** The same where residuals are encoded, in all processes. */
export function encodingLimits(sae: SaeSpec, lanes: number, bytes: number): JobLimits {
  const features = featuresOfRow([sae]);
  const spare = (bytes - HOST_BYTES) / lanes - encodingBytes(sae, MOST_ROWS);
  return { lanes, tokens: MOST_TOKENS, rows: MOST_ROWS, ...(features <= MOST_ACTIVE ? {} : { active: { of: sae.digest, features, room: roomOf(MOST_ROWS, spare) } }) };
}

/** Texts that are continued: how many, tokens of the longest prompt, and new ones of each. */
export interface Continued {
  readonly texts: number;
  readonly longest: number;
  readonly steps: number;
}

/** Rows that go on together, from the most to one and its like. */
const ROWS_TOGETHER = [32, 16, 8, 4, 2];

/**
 * The same for continuations. A step reads all weights whatever it goes on with, so rather fewer processes than fewer rows. `cached`: tokens of a batch at most that
 * something is kept of. `batch`: rows of a batch, where they were asked for. `parts`: that a product may be cut in.
 */
export function fitContinuing(shapes: Shapes, { texts, longest, steps }: Continued, lanes: number, bytes: number, cached: number, batch: number | null = null, parts = 1): Fit {
  const padded = fedAs(Math.max(1, longest), unevenHeads(shapes.model));
  const length = longest + steps;
  const rowsOf = (asked: number): number => Math.max(2, Math.min(asked, texts, batch ?? Math.floor(cached / length)));
  const lane = (rows: number, tokens: number): number => continuingBytes(shapes, { tokens: Math.max(padded, Math.min(tokens, rows * padded)), longest: padded, rows, length }, parts);
  const least = HOST_BYTES + lane(2, 1);
  const make = (processes: number, rows: number, tokens: number): Fit => ({ lanes: processes, tokens: Math.max(padded, tokens), rows, laneBytes: lane(rows, tokens), bytes: HOST_BYTES + processes * lane(rows, tokens), least });
  for (const rows of batch === null ? ROWS_TOGETHER.map(rowsOf) : [rowsOf(batch)]) {
    for (let processes = Math.max(1, Math.min(lanes, texts)); processes >= 1; processes--) {
      for (const tokens of SIZES.filter((size) => size <= MOST_TOKENS / 2)) if (HOST_BYTES + processes * lane(rows, tokens) <= bytes) return make(processes, rows, tokens);
    }
  }
  return make(1, batch === null ? 2 : rowsOf(batch), 1);
}

/** Padded tokens of a batch, from the largest to the smallest that is not slow. */
const SIZES = [1, 2, 4, 8, 16].map((part) => MOST_TOKENS / part).filter((tokens) => tokens >= FEWEST_TOKENS);
const SMALL = [128, 64, 1];

/** Bytes that one part of an encoder may take of a CUDA device. */
const CUDA_PART = 2 ** 30;
/** Values of a feature in a row: as computed, compared, as flags and as places. */
const CUDA_PER_VALUE = 11;

/**
 * Limits of a batch on a CUDA device: products of a thousand rows leave half of a large one idle, and 32,768 features of 4,096 rows take 1.5 GB.
 * A power of two of rows from those of a processor to the tokens of a batch. Not measured on a device.
 */
export function cudaLimits({ taps }: Shapes): JobLimits {
  const widest = taps.reduce((most, { sae }) => Math.max(most, sae === null ? 0 : sae.kind === "topk" ? sae.dSae : Math.min(sae.dSae, tileOf(sae.dIn, "cuda"))), 1);
  const rows = 2 ** Math.floor(Math.log2(CUDA_PART / CUDA_PER_VALUE / widest));
  return { lanes: 1, tokens: MOST_TOKENS, rows: Math.min(MOST_TOKENS, Math.max(MOST_ROWS, rows)) };
}

/** @throws EngineError `out-of-memory` where the user's own limit is below what the smallest batch needs */
export function requireMemory({ least }: Fit, asked: number | null): void {
  if (asked === null || least <= asked) return;
  const megabytes = (count: number): number => Math.ceil(count / 1e6);
  throw new EngineError("out-of-memory", `these texts need up to ${megabytes(least)} MB of memory one by one, and the limit is ${megabytes(asked)} MB`, `set memory ${Math.ceil(megabytes(least) / 100) * 100}, or shorter texts`);
}

/** Share of the memory that is free now which may be used where no limit is set. */
const SHARE = 0.8;

/** The limit in bytes: the user's, else most of what this process may still take, which containers make less than the machine has. */
export function memoryLimit(asked: number | null, available: number = process.availableMemory()): number {
  return asked ?? SHARE * available;
}
