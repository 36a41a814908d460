/** Without this file all logits of all positions would leave the engine's process, for the host to look at a few of each. */
import { capLogits, predictions, rowsAtOnce, tokensOf, type Asked, type Predictions } from "../kernels/softmax.ts";
import { draw, drawable } from "../kernels/drawing.ts";
import type { LaneHead } from "./lane_session.ts";
import type { Outputs, StepNumbers } from "./protocol.ts";

/** What is asked of rows f32 [n, width] behind the last norm; those behind the last that was asked for are there for company. */
export async function predictRows({ width, vocabulary, cap, logits }: LaneHead, hidden: Float32Array, asked: Asked, most = rowsAtOnce(vocabulary)): Promise<Outputs> {
  const rows = asked.kind === "came" ? asked.ids.length : hidden.length / width;
  const parts: Predictions[] = [];
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const values = hidden.subarray(first * width, (first + count) * width);
    const made = await logits(count > 1 ? values : twice(values));
    capLogits(made, cap);
    parts.push(predictions(Array.from({ length: count }, (_, row) => made.subarray(row * vocabulary, (row + 1) * vocabulary)), asked, first));
  }
  return packed(parts, rows, tokensOf(asked, vocabulary));
}

function twice(row: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * row.length }, (_, i) => row[i % row.length]!);
}

function packed(parts: readonly Predictions[], rows: number, width: number): Outputs {
  const size = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const whole: Predictions = { ids: new Int32Array(size), ranks: new Int32Array(size), logits: new Float32Array(size), logProbabilities: new Float64Array(size) };
  let at = 0;
  for (const part of parts) {
    whole.ids.set(part.ids, at);
    whole.ranks.set(part.ranks, at);
    whole.logits.set(part.logits, at);
    whole.logProbabilities.set(part.logProbabilities, at);
    at += part.ids.length;
  }
  const dims = [rows, width];
  return {
    ids: { type: "int32", data: whole.ids, dims },
    ranks: { type: "int32", data: whole.ranks, dims },
    logits: { type: "float32", data: whole.logits, dims },
    log_probabilities: { type: "float64", data: whole.logProbabilities, dims },
  };
}

/** The next id of each prompt, drawn from its logits [prompts, vocabulary]. */
export function drawnIds(logits: Float32Array, { cap, numbers, ...how }: StepNumbers): Int32Array {
  const vocabulary = logits.length / numbers.length;
  capLogits(logits, cap);
  return Int32Array.from(numbers, (number, row) => draw(drawable(logits.subarray(row * vocabulary, (row + 1) * vocabulary), how), number));
}
