/** Without this file a mixture of experts would be told which of them a token takes in one way only. */
import type { Choosing, ExpertsSpec, GatedExpertsSpec } from "./expert_specs.ts";
import { constant, ints, node, nodes, scalar, weight, type Graph } from "./graph.ts";
import { rowSum } from "./product.ts";

/** The experts of each token in the order in which they were found, int64 [T, k], and what each is multiplied by [T, k]. */
interface Shares {
  readonly experts: string;
  readonly shares: string;
}

type Biased = Extract<Choosing, { readonly kind: "biased" }>;

/** From the scores of all experts [T, E]. */
export function sharesOf(graph: Graph, path: string, scores: string, spec: ExpertsSpec): Shares {
  const k = spec.perToken;
  if ("pairs" in spec) {
    const [found, experts] = largest(graph, `${path}/largest`, scores, k);
    return { experts, shares: softmax(graph, `${path}/softmax`, found) };
  }
  if ("joined" in spec) {
    const [found, experts] = largest(graph, `${path}/largest`, scores, k);
    return { experts, shares: node(graph, `${path}/sigmoid`, "Sigmoid", [found]) };
  }
  if (spec.choosing?.kind === "sparse_mixer") return sparselyMixed(graph, path, scores, spec.choosing.tolerance);
  if (spec.choosing?.kind === "biased") return biased(graph, path, scores, spec.choosing, k, spec);
  const [found, experts] = largest(graph, `${path}/largest`, softmax(graph, `${path}/softmax`, scores), k);
  return { experts, shares: spec.normalized ? node(graph, `${path}/shares`, "Div", [found, rowSum(graph, `${path}/sum`, found, k)]) : found };
}

function softmax(graph: Graph, path: string, values: string): string {
  return node(graph, path, "Softmax", [values], { axis: -1 });
}

function largest(graph: Graph, path: string, values: string, k: number): readonly [string, string] {
  return nodes(graph, path, { op: "TopK", inputs: [values, ints(graph, k)], attributes: { axis: -1, largest: 1, sorted: 1 } }, 2) as readonly [string, string];
}

/** transformers' `DeepseekV3TopkRouter` and `Ernie4_5_MoeTopKRouter`: what is added before experts are chosen is not in what they are multiplied by. */
function biased(graph: Graph, path: string, scores: string, choosing: Biased, k: number, { normalized, experts: { length: count } }: GatedExpertsSpec): Shares {
  const seen = choosing.cap === undefined ? scores : capped(graph, `${path}/capped`, scores, choosing.cap);
  const all = choosing.shares === "sigmoid" ? node(graph, `${path}/sigmoid`, "Sigmoid", [seen]) : softmax(graph, `${path}/softmax`, seen);
  const wanted = choosing.bias === null ? all : node(graph, `${path}/biased`, "Add", [all, weight(graph, `${path}/bias`, choosing.bias)]);
  const [, experts] = largest(graph, `${path}/largest`, ofBestGroups(graph, `${path}/groups`, wanted, choosing, count), k);
  const own = node(graph, `${path}/own`, "GatherElements", [all, experts], { axis: 1 });
  const sum = (): string => {
    const whole = rowSum(graph, `${path}/sum`, own, k);
    return choosing.addedToSum === undefined ? node(graph, `${path}/sum/least`, "Max", [whole, scalar(graph, choosing.leastSum)]) : node(graph, `${path}/sum/more`, "Add", [whole, scalar(graph, choosing.addedToSum)]);
  };
  const shares = normalized ? node(graph, `${path}/shares`, "Div", [own, sum()]) : own;
  return { experts, shares: choosing.factor === 1 ? shares : node(graph, `${path}/shares/scaled`, "Mul", [shares, scalar(graph, choosing.factor)]) };
}

function capped(graph: Graph, path: string, scores: string, cap: number): string {
  return node(graph, path, "Mul", [node(graph, `${path}/tanh`, "Tanh", [node(graph, `${path}/share`, "Div", [scores, scalar(graph, cap)])]), scalar(graph, cap)]);
}

/** The same numbers where an expert is in one of the groups whose best, or two best together, are most, and −∞ elsewhere. */
function ofBestGroups(graph: Graph, path: string, wanted: string, { groups, groupsPerToken, bestOfGroup }: Biased, count: number): string {
  if (groupsPerToken === groups) return wanted;
  const apart = node(graph, `${path}/apart`, "Reshape", [wanted, ints(graph, -1, groups, count / groups)]);
  const [best] = largest(graph, `${path}/best`, apart, bestOfGroup);
  const parts = nodes(graph, `${path}/parts`, { op: "Split", inputs: [best, ints(graph, ...new Array<number>(bestOfGroup).fill(1))], attributes: { axis: 2 } }, bestOfGroup);
  const together = bestOfGroup === 1 ? parts[0]! : node(graph, `${path}/sums/each`, "Add", parts);
  const sums = node(graph, `${path}/sums`, "Reshape", [together, ints(graph, -1, groups)]);
  const [, chosen] = largest(graph, `${path}/chosen`, sums, groupsPerToken);
  const numbers = constant(graph, "i64", [groups], Array.from({ length: groups }, (_, group) => group));
  const equal = node(graph, `${path}/equal`, "Equal", [node(graph, `${path}/chosen/each`, "Unsqueeze", [chosen, ints(graph, 2)]), numbers]);
  const hits = node(graph, `${path}/hits`, "ReduceSum", [node(graph, `${path}/flags`, "Cast", [equal], { to: 1 }), ints(graph, 1)], { keepdims: 0 });
  const taken = node(graph, `${path}/taken`, "Greater", [node(graph, `${path}/hits/each`, "Unsqueeze", [hits, ints(graph, 2)]), scalar(graph, 0)]);
  return node(graph, path, "Reshape", [node(graph, `${path}/kept`, "Where", [taken, apart, constant(graph, "f32", [], [-Infinity])]), ints(graph, -1, count)]);
}

/** transformers' `sparsemixer` where nothing is trained. */
function sparselyMixed(graph: Graph, path: string, scores: string, tolerance: number): Shares {
  const [found, experts] = largest(graph, `${path}/largest`, scores, 2);
  const nothing = constant(graph, "f32", [], [-Infinity]);
  const sizes = node(graph, `${path}/sizes`, "Abs", [scores]);
  const [best, next] = nodes(graph, `${path}/two`, { op: "Split", inputs: [found, ints(graph, 1, 1)], attributes: { axis: 1 } }, 2) as readonly [string, string];
  const [first, second] = nodes(graph, `${path}/experts`, { op: "Split", inputs: [experts, ints(graph, 1, 1)], attributes: { axis: 1 } }, 2) as readonly [string, string];
  const share = (name: string, of: string, top: string, expert: string): string => {
    const at = (part: string): string => `${path}/${name}/${part}`;
    const less = node(graph, at("less"), "Div", [node(graph, at("difference"), "Sub", [top, scores]), node(graph, at("size"), "Max", [sizes, top])]);
    const kept = node(graph, at("kept"), "Where", [node(graph, at("far"), "Greater", [less, scalar(graph, tolerance)]), nothing, of]);
    return node(graph, `${path}/${name}`, "GatherElements", [softmax(graph, at("softmax"), kept), expert], { axis: 1 });
  };
  const others = node(graph, `${path}/others`, "ScatterElements", [scores, first, node(graph, `${path}/hidden`, "Where", [node(graph, `${path}/hidden/all`, "Equal", [first, first]), nothing, best])], { axis: 1 });
  const shares = [share("first", scores, best, first), share("second", others, next, second)];
  return { experts, shares: node(graph, `${path}/shares`, "Concat", shares, { axis: 1 }) };
}
