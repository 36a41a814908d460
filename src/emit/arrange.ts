/** Without this file keys and values that lie on a device could not be put together anew: the binding reads nothing there. */
import { createGraph, finish, input, node, output } from "./graph.ts";
import type { CacheInput, EmittedGraph } from "./specs.ts";
import type { Target } from "./target.ts";

/** The dimension of what is kept that grows with the tokens; -1 where there is none. */
export function tokenAxis({ dims }: Pick<CacheInput, "dims">): number {
  return dims.findIndex((dim, at) => at > 0 && typeof dim === "string");
}

/** What an arranging graph depends on: caches that agree in it share one. */
export function arrangement(cache: CacheInput): string {
  return `${cache.element} ${cache.dims.length} ${tokenAxis(cache)}`;
}

/**
 * Rows of what is kept, behind others. Feeds:
 *   held     [R, …, C, …]   what they are put behind; R = 0 at first
 *   x        [B, …, P, …]   where they are
 *   rows     int64 [N]      which they are
 *   columns  int64 [C]      which of its tokens each column takes, where tokens have a dimension
 * Output: `arranged` [R + N, …, C, …].
 */
export function emitArrange(cache: CacheInput, target: Target): EmittedGraph {
  const { element, dims } = cache;
  const graph = createGraph("arrange", target);
  const axis = tokenAxis(cache);
  const named = (rows: string, tokens: string): readonly string[] => dims.map((_, at) => (at === 0 ? rows : at === axis ? tokens : `D${at}`));
  const held = input(graph, "held", element, named("R", "C"));
  const x = input(graph, "x", element, named("B", "P"));
  const picked = node(graph, "/picked", "Gather", [x, input(graph, "rows", "i64", ["N"])], { axis: 0 });
  const widened = axis === -1 ? picked : node(graph, "/widened", "Gather", [picked, input(graph, "columns", "i64", ["C"])], { axis });
  output(graph, "arranged", node(graph, "/joined", "Concat", [held, widened], { axis: 0 }), element, named("R+N", "C"));
  return finish(graph, 0);
}
