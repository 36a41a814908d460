/** Without this file the bits of a softplus would depend on how many threads compute it. */
import { ints, node, type Graph } from "./graph.ts";

/**
 * log(1 + eˣ). On the CPU as −log softmax of x and 0 at 0, each number a row of its own: the runtime's Softplus computes what fills no vector, at the end of a tensor
 * and of each thread's part, by other means, with other bits.
 */
export function softplus(graph: Graph, path: string, x: string): string {
  if (graph.target.provider !== "cpu") return node(graph, path, "Softplus", [x]);
  const each = node(graph, `${path}/each`, "Unsqueeze", [x, ints(graph, -1)]);
  const pairs = node(graph, `${path}/pairs`, "Pad", [each, ints(graph, 0, 0, 0, 0, 0, 1)]);
  const logs = node(graph, `${path}/logs`, "LogSoftmax", [pairs], { axis: -1 });
  return node(graph, path, "Neg", [node(graph, `${path}/log`, "Squeeze", [node(graph, `${path}/log/of_zero`, "Slice", [logs, ints(graph, 1), ints(graph, 2), ints(graph, 2)]), ints(graph, 2)])]);
}
