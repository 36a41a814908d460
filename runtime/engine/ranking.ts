/** Without this file directions would not reach the engine to be held against a vocabulary, or against each other. */
import type { RankingGraph } from "../../src/emit/directions.ts";
import { deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { Feeds, RankedPart, RankJob } from "./port.ts";
import type { Lane } from "./supervisor.ts";
import type { Outputs } from "./protocol.ts";

/** Each part of the matrix for each batch of features, over the lanes. */
export async function rankOn(lanes: readonly Lane[], { graph, columns, all, rows, largest }: RankingGraph, job: RankJob, halt: Halt): Promise<void> {
  const { features } = job;
  const parts = Math.ceil(all / columns);
  const total = parts * Math.ceil(features.length / rows);
  let next = 0;
  let done = 0;
  await deal(lanes, halt, (lane) => {
    if (next === total) return null;
    const at = next++;
    const from = Math.floor(at / parts) * rows;
    // All parts have one width, so the last begins within the one before.
    const start = Math.min((at % parts) * columns, all - columns);
    const chosen = features.slice(from, from + rows);
    return lane.run(graph, feeds(chosen, start)).then(({ outputs }) => {
      job.onPart(from, largest.map((_, list) => listOf(outputs, list, chosen.length)));
      job.onShare(++done / total);
    });
  });
  if (done < total) throw halt.reason();
}

/** One row alone takes another kernel and gives other bits, so it is fed twice. */
function feeds(features: readonly number[], start: number): Feeds {
  const fed = features.length === 1 ? [...features, ...features] : features;
  return {
    feature: { type: "int64", data: BigInt64Array.from(fed, BigInt), dims: [fed.length] },
    column: { type: "int64", data: BigInt64Array.of(BigInt(start)), dims: [1] },
  };
}

function listOf(outputs: Outputs, list: number, rows: number): RankedPart {
  const [value, id] = [outputs[`tap${list}_value`], outputs[`tap${list}_id`]];
  if (value?.type !== "float32" || id?.type !== "int32") throw new Error("a ranking graph gives values and numbers");
  const count = value.dims[1]!;
  return { count, values: value.data.subarray(0, rows * count), ids: id.data.subarray(0, rows * count) };
}
