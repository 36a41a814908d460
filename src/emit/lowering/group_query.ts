/** Without this file a provider without `GroupQueryAttention` for a number type could not run a decoder. */
import { constant, ints, node, type Graph } from "../graph.ts";
import { OWN_PLACES } from "./own_places.ts";
import { numberOf, requireKnown, type Rule, type Site } from "./rewrite.ts";
import { ONE_LENGTH, type Standing } from "./standing.ts";

const KNOWN = ["num_heads", "kv_num_heads", "do_rotary", "scale", "local_window_size", "softcap"];
/** Score of a key that a query does not see: its exponential is 0 in every number type used here. */
const HIDDEN = -60000;

function columns(out: Graph, path: string, x: string, from: number, to: number): string {
  return node(out, path, "Slice", [x, ints(out, from), ints(out, to), ints(out, 3)]);
}

/** x [B, H, S, D] with column i turned against column i + r/2 (Su et al. 2021, arXiv 2104.09864, half-split as in Llama); r ≤ D columns turn. */
function rotated(out: Graph, path: string, x: string, turning: number, cos: string, sin: string): string {
  const [first, second] = [columns(out, `${path}/first`, x, 0, turning / 2), columns(out, `${path}/second`, x, turning / 2, turning)] as const;
  const product = (name: string, a: string, b: string): string => node(out, `${path}/${name}`, "Mul", [a, b]);
  const low = node(out, `${path}/low`, "Sub", [product("first_cos", first, cos), product("second_sin", second, sin)]);
  const high = node(out, `${path}/high`, "Add", [product("second_cos", second, cos), product("first_sin", first, sin)]);
  // Empty where every column turns.
  const rest = columns(out, `${path}/rest`, x, turning, 2 ** 31 - 1);
  return node(out, path, "Concat", [low, high, rest], { axis: -1 });
}

/** Keys or values [B, G, T, D], each repeated for its query heads → [B, H, T, D]. */
function repeated(out: Graph, path: string, x: string, heads: number, kvHeads: number): string {
  if (heads === kvHeads) return x;
  return node(out, path, "Gather", [x, ints(out, ...Array.from({ length: heads }, (_, head) => Math.floor((head * kvHeads) / heads)))], { axis: 1 });
}

/**
 * `com.microsoft.GroupQueryAttention` (onnxruntime docs/ContribOperators.md) from standard operators: softmax(scale·q·kᵀ + mask)·v, with the keys turned before they
 * enter the cache. Documents that are read from their start are padded to one length: no token sees the padding behind it.
 */
export const attentionFromPrimitives: Rule = (site) => fromPrimitives(site, ONE_LENGTH);

/** The same, and what is continued may have any lengths. */
export const attentionOfUnlikeLengths: Rule = (site) => fromPrimitives(site, site.node.inputs[3] === "" ? ONE_LENGTH : OWN_PLACES);

function fromPrimitives({ out, node: site }: Site, standing: Standing): boolean {
  requireKnown(site, KNOWN);
  const path = site.name;
  if (site.inputs.length > 9) throw new Error(`${path}: no lowering of attention with ${site.inputs.length > 11 ? "sinks" : "what is added to scores"}`);
  const [q, k, v, pastKey, pastValue, , total, cosTable, sinTable] = site.inputs as readonly [string, string, string, string, string, string, string, string, string];
  const [heads, kvHeads] = [numberOf(site, "num_heads", 1), numberOf(site, "kv_num_heads", 1)];
  const part = (name: string, x: string, count: number): string => node(out, `${path}/${name}/heads`, "Transpose", [node(out, `${path}/${name}/apart`, "Reshape", [x, ints(out, 0, 0, count, -1)])], { perm: [0, 2, 1, 3] });
  let [queries, keys, values] = [part("q", q, heads), part("k", k, kvHeads), part("v", v, kvHeads)];
  if (numberOf(site, "do_rotary", 0) === 1) {
    const turning = 2 * (out.initializers.get(cosTable)?.dims[1] ?? 0);
    if (turning === 0) throw new Error(`${path}: rotary tables are constants`);
    const [cos, sin] = [cosTable, sinTable].map((table) => standing.rows(out, `/rotary${table}`, table, total)) as [string, string];
    queries = rotated(out, `${path}/q/turned`, queries, turning, cos, sin);
    keys = rotated(out, `${path}/k/turned`, keys, turning, cos, sin);
  }
  keys = standing.kept(out, site.outputs[1]!, pastKey, keys, total);
  values = standing.kept(out, site.outputs[2]!, pastValue, values, total);
  const turned = node(out, `${path}/keys`, "Transpose", [repeated(out, `${path}/k/repeated`, keys, heads, kvHeads)], { perm: [0, 1, 3, 2] });
  // Before the product, whose sums could leave float16.
  const small = node(out, `${path}/q/scaled`, "Mul", [queries, constant(out, "f32", [], [numberOf(site, "scale", 1)])]);
  const scaled = node(out, `${path}/products`, "MatMul", [small, turned]);
  const softcap = numberOf(site, "softcap", 0);
  const scores = softcap === 0 ? scaled : capped(out, path, scaled, softcap);
  const masks = standing.hidden(out, total, numberOf(site, "local_window_size", -1));
  const seen = masks.reduce((left, mask, i) => node(out, `${path}/seen${i}`, "Where", [mask, constant(out, "f32", [], [HIDDEN]), left]), scores);
  const weights = node(out, `${path}/weights`, "Softmax", [seen], { axis: -1 });
  const mixed = node(out, `${path}/mixed`, "MatMul", [weights, repeated(out, `${path}/v/repeated`, values, heads, kvHeads)]);
  node(out, path, "Reshape", [node(out, `${path}/together`, "Transpose", [mixed], { perm: [0, 2, 1, 3] }), ints(out, 0, 0, -1)]);
  return true;
}

function capped(out: Graph, path: string, scores: string, cap: number): string {
  const limit = constant(out, "f32", [], [cap]);
  return node(out, `${path}/capped`, "Mul", [node(out, `${path}/tanh`, "Tanh", [node(out, `${path}/share`, "Div", [scores, limit])]), limit]);
}
