/** Without this file a provider without `GroupQueryAttention` for a number type could not run a decoder. */
import { constant, ints, node, type Graph } from "../graph.ts";
import { numberOf, requireKnown, type Rule } from "./rewrite.ts";

const KNOWN = ["num_heads", "kv_num_heads", "do_rotary", "scale", "local_window_size", "softcap"];
/** Score of a key that a query does not see: its exponential is 0 in every number type used here. */
const HIDDEN = -60000;

/** Position of the first new token, int32 [1]: 0 unless there is a cache. The engine feeds it. */
const START = "start";

/** Their names begin so: positions are exact in float32 alone. */
export const HIDDEN_NODES = "/hidden/";

export function start(out: Graph): string {
  if (!out.names.has(START)) {
    out.inputs.push({ name: START, element: "i32", dims: [1] });
    out.names.add(START);
  }
  return START;
}

/** Entries `from` … `to` (int32 [1] values) of the first axis. */
export function rows(out: Graph, path: string, table: string, from: string, to: string): string {
  return node(out, path, "Slice", [table, from, to, constant(out, "i32", [1], [0])]);
}

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

/** Masks [S, T], true where a query must not see a key: later ones, and those before its window. */
function hidden(out: Graph, total: string, window: number): readonly string[] {
  const shared = `${HIDDEN_NODES}${window}`;
  const [later, before] = [`${shared}/later`, `${shared}/before`];
  if (out.names.has(later)) return window < 0 ? [later] : [later, before];
  // As float32: WebGPU cuts no int32.
  const positions = constant(out, "f32", [out.positions], Float32Array.from({ length: out.positions }, (_, i) => i));
  const keys = rows(out, `${shared}/keys`, positions, constant(out, "i32", [1], [0]), total);
  const queries = node(out, `${shared}/queries`, "Unsqueeze", [rows(out, `${shared}/new`, positions, start(out), total), ints(out, 1)]);
  node(out, later, "Greater", [keys, queries]);
  if (window < 0) return [later];
  const oldest = node(out, `${shared}/oldest`, "Sub", [queries, constant(out, "f32", [1], [window - 1])]);
  return [later, node(out, before, "Less", [keys, oldest])];
}

/**
 * `com.microsoft.GroupQueryAttention` (onnxruntime docs/ContribOperators.md) from standard operators, for documents of one length:
 * softmax(scale·q·kᵀ + mask)·v, with the keys turned before they enter the cache.
 */
export const attentionFromPrimitives: Rule = ({ out, node: site }) => {
  requireKnown(site, KNOWN);
  const path = site.name;
  if (site.inputs.length > 9) throw new Error(`${path}: no lowering of attention with sinks`);
  const [q, k, v, pastKey, pastValue, , total, cosTable, sinTable] = site.inputs as readonly [string, string, string, string, string, string, string, string, string];
  const [heads, kvHeads] = [numberOf(site, "num_heads", 1), numberOf(site, "kv_num_heads", 1)];
  const part = (name: string, x: string, count: number): string => node(out, `${path}/${name}/heads`, "Transpose", [node(out, `${path}/${name}/apart`, "Reshape", [x, ints(out, 0, 0, count, -1)])], { perm: [0, 2, 1, 3] });
  let [queries, keys, values] = [part("q", q, heads), part("k", k, kvHeads), part("v", v, kvHeads)];
  if (numberOf(site, "do_rotary", 0) === 1) {
    const turning = 2 * (out.initializers.get(cosTable)?.dims[1] ?? 0);
    if (turning === 0) throw new Error(`${path}: rotary tables are constants`);
    const [cos, sin] = [cosTable, sinTable].map((table) => {
      const shared = `/rotary${table}`;
      return out.names.has(shared) ? shared : rows(out, shared, table, start(out), total);
    }) as [string, string];
    queries = rotated(out, `${path}/q/turned`, queries, turning, cos, sin);
    keys = rotated(out, `${path}/k/turned`, keys, turning, cos, sin);
  }
  keys = grown(out, site.outputs[1]!, pastKey, keys);
  values = grown(out, site.outputs[2]!, pastValue, values);
  const turned = node(out, `${path}/keys`, "Transpose", [repeated(out, `${path}/k/repeated`, keys, heads, kvHeads)], { perm: [0, 1, 3, 2] });
  // Before the product, whose sums could leave float16.
  const small = node(out, `${path}/q/scaled`, "Mul", [queries, constant(out, "f32", [], [numberOf(site, "scale", 1)])]);
  const scaled = node(out, `${path}/products`, "MatMul", [small, turned]);
  const softcap = numberOf(site, "softcap", 0);
  const scores = softcap === 0 ? scaled : capped(out, path, scaled, softcap);
  const masks = hidden(out, total, numberOf(site, "local_window_size", -1));
  const seen = masks.reduce((left, mask, i) => node(out, `${path}/seen${i}`, "Where", [mask, constant(out, "f32", [], [HIDDEN]), left]), scores);
  const weights = node(out, `${path}/weights`, "Softmax", [seen], { axis: -1 });
  const mixed = node(out, `${path}/mixed`, "MatMul", [weights, repeated(out, `${path}/v/repeated`, values, heads, kvHeads)]);
  node(out, path, "Reshape", [node(out, `${path}/together`, "Transpose", [mixed], { perm: [0, 2, 1, 3] }), ints(out, 0, 0, -1)]);
  return true;
};

/** Past and new tokens [B, G, P + S, D], under the name that the operator gave them. */
function grown(out: Graph, name: string, past: string, fresh: string): string {
  return past === "" ? node(out, name, "Identity", [fresh]) : node(out, name, "Concat", [past, fresh], { axis: 2 });
}

function capped(out: Graph, path: string, scores: string, cap: number): string {
  const limit = constant(out, "f32", [], [cap]);
  return node(out, `${path}/capped`, "Mul", [node(out, `${path}/tanh`, "Tanh", [node(out, `${path}/share`, "Div", [scores, limit])]), limit]);
}
