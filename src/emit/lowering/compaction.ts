/** Without this file a device without `NonZero` would send every pre-activation of every token over the bus. */
import { constant, node, nodes, output, type Graph } from "../graph.ts";
import { elementsOf, integersOf, isOfSae, widthOf } from "./facts.ts";
import type { NodeProto } from "../proto.ts";
import { divide, readersOf, type Bridge, type Parts } from "./tail.ts";

/**
 * What the device gives for one `NonZero` over a mask [N, w], for the engine to put together (runtime/engine/compaction.ts):
 * `count` f32 [N] true entries a row; `places` f32 [N, k]: w − column of the first k of them in ascending order of the column, 0 where
 * there are fewer; `values`: what each `GatherND` at those places gives, [N, k]. k is fed as `{k}` int64 [1], at most w.
 */
export interface Compaction {
  readonly width: number;
  readonly k: string;
  readonly count: string;
  readonly places: string;
  /** The `NonZero` itself, int64 [2, nnz], as an input of the tail. */
  readonly at: string;
  readonly values: readonly { readonly device: string; readonly tail: string }[];
}

/**
 * Cut a graph where its encoders become small: at each `NonZero` over a mask, and at each `TopK` of a fixed k, whose values and places
 * leave the device as they are. Null: there is nothing to cut.
 */
export function compact(graph: Graph): { readonly parts: Parts; readonly compactions: readonly Compaction[] } | null {
  const encoders = graph.nodes.filter(isOfSae);
  const candidates = encoders.filter(({ op }) => op === "NonZero" || op === "TopK");
  const cuts = candidates.filter((node) => !candidates.some((other) => other !== node && readersOf(graph, [other]).has(node)));
  if (cuts.length === 0) return null;
  const elements = elementsOf(graph);
  const elementOf = (name: string): "f32" | "i64" => (elements.get(name) === "i64" ? "i64" : "f32");
  const behind = readersOf(graph, cuts);
  const masks = cuts.filter(({ op }) => op === "NonZero");
  const picked = masks.map((mask, i) => {
    const pairs = [...behind].find(({ op, inputs }) => op === "Transpose" && inputs[0] === mask.outputs[0]);
    return { mask, path: `${COMPACTION_NODES}${i}`, reads: [...behind].filter(({ op, inputs }) => op === "GatherND" && inputs[1] === pairs?.outputs[0]) };
  });
  const largest = cuts.filter(({ op }) => op === "TopK");
  const sent = largest.flatMap(({ outputs }) => outputs).filter((name) => [...behind].some(({ inputs }) => inputs.includes(name)));
  const dimsOf = (name: string): readonly (number | string)[] => {
    const rows = graph.nodes.find(({ outputs }) => outputs[0] === largest.find((node) => node.outputs.includes(name))?.inputs[0]);
    // Of groups [N, groups, size] the largest of each: [N, groups, 1].
    return rows?.op === "Reshape" ? ["N", ...integersOf(graph, rows.inputs[1]!).slice(1, -1), `k${name}`] : ["N", `k${name}`];
  };
  const bridges: Bridge[] = [
    ...picked.flatMap(({ mask, path, reads }): Bridge[] => [
      { name: mask.outputs[0]!, element: "i64", dims: [2, `nnz${path}`] },
      ...reads.map((read): Bridge => ({ name: read.outputs[0]!, element: elementOf(read.inputs[0]!), dims: [`nnz${path}`] })),
    ]),
    ...sent.map((name): Bridge => ({ name, element: elementOf(name), dims: dimsOf(name) })),
  ];
  const parts = divide(graph, new Set([...behind, ...masks]), bridges);
  parts.head.outputs.push(...bridges.filter(({ name }) => sent.includes(name)));
  return { parts, compactions: picked.map(({ mask, path, reads }) => onDevice(parts.head, graph, mask, path, reads)) };
}

/** Names of nodes that count and place active features begin so. */
export const COMPACTION_NODES = "/compact/";

function onDevice(head: Graph, graph: Graph, mask: NodeProto, path: string, reads: readonly NodeProto[]): Compaction {
  const width = widthOf(graph, mask.inputs[0]!);
  const k = `k${width}`;
  if (!head.names.has(k)) {
    head.inputs.push({ name: k, element: "i64", dims: [1] });
    head.names.add(k);
  }
  const marks = node(head, `${path}/marks`, "Cast", [mask.inputs[0]!], { to: 1 });
  const count = node(head, `${path}/count`, "ReduceSum", [marks, constant(head, "i64", [1], [1])], { keepdims: 0 });
  // Keys fall with the column and are all different: no tie has to be broken, and what comes out is in order. Whole numbers to 2^24 are exact.
  const order = constant(head, "f32", [width], Float32Array.from({ length: width }, (_, column) => width - column));
  const keys = node(head, `${path}/keys`, "Mul", [marks, order]);
  const [places, columns] = nodes(head, `${path}/first`, { op: "TopK", inputs: [keys, k], attributes: { axis: -1, largest: 1, sorted: 1 } }, 2) as readonly [string, string];
  const values = reads.map((read, j) => {
    const found = node(head, `${path}/values${j}`, "GatherElements", [read.inputs[0]!, columns], { axis: 1 });
    return { device: publish(head, `${path}/value${j}`, found), tail: read.outputs[0]! };
  });
  return { width, k, count: publish(head, `${path}/counts`, count, 1), places: publish(head, `${path}/places`, places), at: mask.outputs[0]!, values };
}

function publish(head: Graph, name: string, from: string, rank = 2): string {
  output(head, name, from, "f32", rank === 1 ? ["N"] : ["N", name]);
  return name;
}
