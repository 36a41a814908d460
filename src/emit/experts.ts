/** Without this file every expert of a sparse MLP would be computed for every token. */
import type { ExpertsSpec } from "./expert_specs.ts";
import { appended, constant, elementOf, elementWidth, ints, node, nodes, noTensors, storedSpan, weight, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import { sharesOf } from "./router.ts";
import type { TensorRef, WeightRef } from "./specs.ts";

/** The tensors of an expert by name: the same names, shapes and types in all experts of a layer. */
export type Parts = Readonly<Record<string, WeightRef>>;

/** What an expert makes of rows [n, d] → [n, d], named below `path`; `part` is a tensor of its own, in float32, or a list of what is packed. */
export type Expert = (graph: Graph, path: string, rows: string, part: (name: string) => string) => string;

const SMALLEST_FIRST = { axis: -1, largest: 0, sorted: 1 } as const;

/**
 * Σ over a token's experts of weight · expert(x), x [T, d] → [T, d] (Shazeer et al. 2017, arXiv 1701.06538; transformers' `Qwen3MoeSparseMoeBlock`).
 *
 * Each choice of a token is a place: T·k of them, token by token, and by ascending expert within a token. Sorted by expert they are lists of tokens, one
 * for each expert that somebody chose; a loop over those alone gathers the rows of a list, cuts the expert's weights out of the file, and computes
 * them. Each token then adds what its experts gave by their ascending number, as transformers does, whatever other tokens chose. Every
 * list ends in a row that nobody reads, so that no product has a single row. `routerInput` [T, d]: what the router reads, where that is something else. Weights multiply what
 * experts give, or what they read.
 */
export function mixture(graph: Graph, path: string, x: string, spec: ExpertsSpec, experts: readonly Parts[], compute: Expert, routerInput = x): string {
  const at = (name: string): string => `${path}/${name}`;
  const [count, k] = [experts.length, spec.perToken];
  const { chosen, weights } = routed(graph, at("router"), routerInput, spec);
  const groups = grouped(experts);
  // Experts by number from here on as the loops go through them.
  const turn = groups.flat();
  const turns = groups.length === 1 ? chosen : node(graph, at("turns"), "Gather", [ints(graph, ...experts.map((_, expert) => turn.indexOf(expert))), chosen], { axis: 0 });
  const places = node(graph, at("places"), "Reshape", [turns, ints(graph, -1)]);
  const ones = node(graph, at("ones"), "Expand", [ints(graph, 1), node(graph, at("length"), "Shape", [places])]);
  const counts = node(graph, at("counts"), "ScatterElements", [constant(graph, "i64", [count], new Array<number>(count).fill(0)), places, ones], { axis: 0, reduction: "add" });
  const hit = node(graph, at("hit"), "Reshape", [node(graph, at("hit/found"), "NonZero", [counts]), ints(graph, -1)]);

  const marked = node(graph, at("marked"), "Concat", [places, hit], { axis: 0 });
  const total = node(graph, at("total"), "Shape", [marked]);
  // Ties go to the lower place: tokens keep their order, and the added row is the last of a list.
  const order = smallest(graph, at("order"), marked, total);
  const back = smallest(graph, at("back"), order, total);
  // Added rows stand behind the places of all tokens: they read what the last token reads.
  const last = node(graph, at("last"), "Sub", [node(graph, at("tokens"), "Shape", [x], { start: 0, end: 1 }), ints(graph, 1)]);
  const token = node(graph, at("token"), "Min", [node(graph, at("token/any"), "Div", [order, ints(graph, k)]), last]);
  const lengths = node(graph, at("lengths"), "Add", [node(graph, at("lengths/own"), "Gather", [counts, hit], { axis: 0 }), ints(graph, 1)]);
  const ends = node(graph, at("ends"), "CumSum", [lengths, constant(graph, "i64", [], [0])]);
  const before = "joined" in spec;
  const lists: Lists = { hit, token, starts: node(graph, at("starts"), "Sub", [ends, lengths]), ends, shares: before ? sharesOfPlaces(graph, at("share"), weights, order) : null };

  const made = looped(graph, at("experts"), x, experts, groups, lists, compute, spec.router.weight.shape[1] as number);
  const rows = node(graph, at("rows/all"), "Slice", [back, ints(graph, 0), node(graph, at("rows/end"), "Shape", [places]), ints(graph, 0)]);
  return summed(graph, path, made, node(graph, at("rows"), "Reshape", [rows, ints(graph, -1, k)]), before ? null : weights, k);
}

/** The weights [T, k] in the order of the lists, [places and added rows, 1]: an added row has that of the last place. */
function sharesOfPlaces(graph: Graph, path: string, weights: string, order: string): string {
  const flat = node(graph, `${path}/places`, "Reshape", [weights, ints(graph, -1, 1)]);
  const last = node(graph, `${path}/last`, "Sub", [node(graph, `${path}/count`, "Shape", [flat], { start: 0, end: 1 }), ints(graph, 1)]);
  return node(graph, path, "Gather", [flat, node(graph, `${path}/at`, "Min", [order, last])], { axis: 0 });
}

/** Which experts each token takes, ascending [T, k], and their weights [T, k]. */
function routed(graph: Graph, path: string, x: string, spec: ExpertsSpec): { readonly chosen: string; readonly weights: string } {
  const k = spec.perToken;
  const { experts, shares } = sharesOf(graph, path, linear(graph, path, x, spec.router), spec);
  const [chosen, from] = nodes(graph, `${path}/ascending`, { op: "TopK", inputs: [experts, ints(graph, k)], attributes: SMALLEST_FIRST }, 2) as readonly [string, string];
  const weights = node(graph, `${path}/weights`, "GatherElements", [shares, from], { axis: 1 });
  if ("pairs" in spec || "joined" in spec || spec.shareFactors === undefined) return { chosen, weights };
  const factors = node(graph, `${path}/factors`, "Gather", [weight(graph, `${path}/factors/all`, spec.shareFactors), chosen], { axis: 0 });
  return { chosen, weights: node(graph, `${path}/weights/scaled`, "Mul", [weights, factors]) };
}

/** Places of the numbers [n], from that of the smallest on. */
function smallest(graph: Graph, path: string, numbers: string, length: string): string {
  return nodes(graph, path, { op: "TopK", inputs: [numbers, length], attributes: SMALLEST_FIRST }, 2)[1] as string;
}

/** Experts whose tensors lie in the same files in the same type: what one loop can go through. Shards may part a layer, and even one expert. */
function grouped(experts: readonly Parts[]): readonly (readonly number[])[] {
  const keyOf = (expert: number): string => Object.values(experts[expert] as Parts).map(placeOf).join("\n");
  return [...Map.groupBy(experts.keys(), keyOf).values()];
}

/** File, type, and how whole elements lie in it: what lies alike can be cut out of one list of numbers. */
function placeOf(ref: WeightRef): string {
  return `${ref.file} ${elementOf(ref)} ${ref.offset % elementWidth(ref)}`;
}

/** Turns of the experts that were chosen, and for each the part of `token` that it computes. */
interface Lists {
  readonly hit: string;
  readonly token: string;
  readonly starts: string;
  readonly ends: string;
  /** [.., 1] what a row of a list is multiplied by before an expert reads it; null: nothing. */
  readonly shares: string | null;
}

/** Rows of all lists one below another, as the experts made them. */
function looped(graph: Graph, path: string, x: string, experts: readonly Parts[], groups: readonly (readonly number[])[], lists: Lists, compute: Expert, d: number): string {
  let list = noTensors(graph, `${path}/none`);
  let [first, before] = [0, ints(graph, 0)];
  groups.forEach((group, index) => {
    const own = groups.length === 1 ? path : `${path}/${index}`;
    const below = first + group.length;
    const until = index === groups.length - 1 ? node(graph, `${own}/until`, "Shape", [lists.hit]) : countBelow(graph, `${own}/until`, lists.hit, below);
    const [from, lowest] = [before, first];
    const times = node(graph, `${own}/times`, "Reshape", [node(graph, `${own}/many`, "Sub", [until, from]), constant(graph, "i64", [0], [])]);
    list = appended(graph, own, times, list, ["rows", d], (inner, time) => {
      const at = (name: string): string => `${own}/${name}`;
      const which = node(inner, at("which"), "Add", [time, from]);
      const taken = (name: string, values: string): string => node(inner, at(name), "Gather", [values, which], { axis: 0 });
      const expert = node(inner, at("expert"), "Sub", [taken("turn", lists.hit), ints(inner, lowest)]);
      const [start, end] = [taken("start", lists.starts), taken("end", lists.ends)];
      const ofList = (name: string, values: string): string => node(inner, at(name), "Slice", [values, start, end, ints(inner, 0)]);
      const rows = node(inner, at("rows"), "Gather", [x, ofList("tokens", lists.token)], { axis: 0 });
      const read = lists.shares === null ? rows : node(inner, at("rows/weighted"), "Mul", [rows, ofList("shares", lists.shares)]);
      return compute(inner, own, read, (part) => cutOut(inner, own, group.map((each) => experts[each] as Parts), part, expert));
    });
    [first, before] = [below, until];
  });
  return node(graph, `${path}/made`, "ConcatFromSequence", [list], { axis: 0 });
}

/** How many of the ascending turns are below a number, int64 [1]. */
function countBelow(graph: Graph, path: string, hit: string, below: number): string {
  const flags = node(graph, `${path}/flags`, "Cast", [node(graph, `${path}/less`, "Less", [hit, ints(graph, below)])], { to: 7 });
  return node(graph, path, "ReduceSum", [flags, ints(graph, 0)], { keepdims: 1 });
}

/** A tensor of the expert of a group whose number is computed: cut out as it is stored, then cast. */
function cutOut(graph: Graph, own: string, group: readonly Parts[], part: string, number: string): string {
  const path = `${own}/${part}`;
  const parts = group[0] as Parts;
  const first = parts[part] as WeightRef;
  // Parts that lie alike are mapped once.
  const alike = Object.keys(parts).filter((each) => placeOf(parts[each] as TensorRef) === placeOf(first));
  const { name, starts } = storedSpan(graph, `${own}/weights/${alike[0]}`, group.flatMap((expert) => alike.map((each) => expert[each] as TensorRef)));
  const begins = starts.filter((_, at) => alike[at % alike.length] === part);
  const start = node(graph, `${path}/start`, "Gather", [ints(graph, ...begins), number], { axis: 0 });
  const end = node(graph, `${path}/end`, "Add", [start, ints(graph, first.length / elementWidth(first))]);
  const cut = node(graph, `${path}/cut`, "Slice", [name, start, end, ints(graph, 0)]);
  if (first.dtype === "e2m1" || first.dtype === "e8m0") return cut;
  return node(graph, `${path}/weight`, "Reshape", [first.dtype === "f32" ? cut : node(graph, `${path}/wide`, "Cast", [cut], { to: 1 }), ints(graph, ...first.shape)]);
}

/** Σ over j of weights[t, j] · made[rows[t, j]], in the order of j; without weights of the rows themselves. */
function summed(graph: Graph, path: string, made: string, rows: string, weights: string | null, k: number): string {
  const parts = Array.from({ length: k }, (_, j) => {
    const own = `${path}/sum/${j}`;
    const row = node(graph, weights === null && k === 1 ? path : `${own}/row`, "Gather", [made, node(graph, `${own}/at`, "Gather", [rows, constant(graph, "i64", [], [j])], { axis: 1 })], { axis: 0 });
    if (weights === null) return row;
    return node(graph, k === 1 ? path : `${own}/weighted`, "Mul", [row, node(graph, `${own}/weight`, "Gather", [weights, ints(graph, j)], { axis: 1 })]);
  });
  return parts.slice(1).reduce((sum, part, i) => node(graph, i === k - 2 ? path : `${path}/sum/to${i + 1}`, "Add", [sum, part]), parts[0] as string);
}
