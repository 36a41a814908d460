/** Without this file features would not reach the engine to become activations again. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { budget, observe } from "./batching.ts";
import type { Pace } from "./batching.ts";
import { deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { DecodeJob, Feeds } from "./port.ts";
import type { Lane } from "./supervisor.ts";

/** Rows in micro-batches over the lanes; what a row gives does not depend on the batch it is in. */
export async function decodeOn(lanes: readonly Lane[], pace: Pace, graph: EmittedGraph, job: DecodeJob, halt: Halt): Promise<Float32Array> {
  const { rows } = job.csr;
  const parts: { readonly from: number; readonly values: Float32Array }[] = [];
  let from = 0;
  let done = 0;
  await deal(lanes, halt, (lane) => {
    if (from === rows) return null;
    const first = from;
    const count = Math.min(rows - first, Math.floor(budget(pace, { total: rows, left: rows - first }, lanes.length, job.rowsAtOnce)), job.rowsAtOnce);
    from += count;
    return lane.run(graph, feeds(job, first, count)).then(({ outputs, ms }) => {
      observe(pace, count, ms);
      const dense = outputs["tap0_dense"];
      if (dense?.type !== "float32") throw new Error("a decode graph gives vectors");
      // A lone row went in twice.
      parts.push({ from: first, values: dense.data.subarray(0, (dense.data.length / dense.dims[0]!) * count) });
      done += count;
      job.onRows(done);
    });
  });
  if (from < rows) throw halt.reason();
  parts.sort((a, b) => a.from - b.from);
  const whole = new Float32Array(parts.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of parts) {
    whole.set(values, at);
    at += values.length;
  }
  return whole;
}

/** One row alone takes another kernel and gives other bits, so it is fed twice. */
function feeds({ csr, residual, width }: DecodeJob, first: number, count: number): Feeds {
  const twice = count === 1 ? 2 : 1;
  const values = residual.subarray(first * width, (first + count) * width);
  const [start, end] = [csr.indptr[first]!, csr.indptr[first + count]!];
  const place = new BigInt64Array((end - start) * twice);
  const value = new Float32Array((end - start) * twice);
  let at = 0;
  for (let copy = 0; copy < twice; copy++) {
    for (let row = 0; row < count; row++) {
      for (let i = csr.indptr[first + row]!; i < csr.indptr[first + row + 1]!; i++, at++) {
        place[at] = BigInt((copy + row) * csr.cols + csr.indices[i]!);
        value[at] = csr.values[i]!;
      }
    }
  }
  return {
    residual: { type: "float32", data: twice === 1 ? values : Float32Array.from({ length: 2 * width }, (_, i) => values[i % width]!), dims: [count * twice, width] },
    place: { type: "int64", data: place, dims: [place.length, 1] },
    value: { type: "float32", data: value, dims: [value.length] },
  };
}
