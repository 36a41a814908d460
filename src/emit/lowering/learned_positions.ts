/** Without this file devices would count the places of learned positions one by one, for which WebGPU has no kernel and CUDA asks the processor where to begin and end. */
import { constant, node } from "../graph.ts";
import type { NodeProto } from "../proto.ts";
import type { Rule } from "./rewrite.ts";
import { rows, start } from "./standing.ts";

/** Whether rows are taken at places that are counted from the first new token to the last. */
export function isOfPlaces(indices: string, producer: ReadonlyMap<string, NodeProto>): boolean {
  const least = producer.get(indices);
  return least?.op === "Min" && producer.get(least.inputs[0]!)?.op === "Range";
}

/** The rows from the first new token to the last, of `source`, which has `count`: of an odd context the one that makes it even reads the last row once more. */
export const sliceOfPositions = ({ out, node: site }: Parameters<Rule>[0], source: string, count: number): true => {
  const clamped = (): string => constant(out, "i64", [out.positions], Array.from({ length: out.positions }, (_, place) => Math.min(place, count - 1)));
  const whole = count >= out.positions ? source : node(out, `${site.name}/even`, "Gather", [source, clamped()], { axis: 0 });
  rows(out, site.name, whole, start(out), "total");
  return true;
};

/** The same for a table that is read as it is stored. */
export const rowsOfPositions: Rule = (site) => {
  const [table, indices] = site.node.inputs as readonly [string, string];
  const tensor = site.out.initializers.get(table);
  return tensor !== undefined && isOfPlaces(indices, site.producer) && sliceOfPositions(site, table, tensor.dims[0]!);
};
