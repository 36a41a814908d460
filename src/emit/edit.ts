/** Without this file the model could be read and not changed: no feature could be taken out of its stream, or put into it. */
import type { Hook } from "../ops/hook.ts";
import { windowsOf } from "../ops/edit.ts";
import { printWindow } from "../ops/window.ts";
import { EDIT_NODES, windowInput } from "./edit_nodes.ts";
import { valuesOf } from "./feature_values.ts";
import { constant, input, ints, node, scalar, stored, type Graph } from "./graph.ts";
import { lookUp } from "./linear.ts";
import { centred } from "./norm.ts";
import { stretch } from "./normalize.ts";
import { product } from "./product.ts";
import type { SaeDecoder } from "./sae_specs.ts";
import type { DecoderSpec, Editing, GraphEdit } from "./specs.ts";
import { withoutValueBias } from "./value_bias.ts";

/** From a value of all rows to that of those that a block goes on with. */
type Gather = (path: string, x: string) => string;

/** The edits of one graph, in the hands of those who describe its blocks. */
interface Edits {
  readonly at: (layer: number, hook: Hook) => boolean;
  /** The value of a hook [n, width], n ≥ 2, after the edits there; as it is where there are none. `rows`: how the rows were gathered; null: they are all. */
  readonly of: (layer: number, hook: Hook, value: string, rows: Gather | null) => string;
}

/** `ids` int64 [B, S]. `special tokens` are told by their ids: a token that the model gives in a continuation counts as one that was read. */
export function editsOf(graph: Graph, model: DecoderSpec, ids: string, editing: Editing | undefined): Edits {
  const edits = editing?.edits ?? [];
  const here = (layer: number, hook: Hook): readonly (readonly [number, GraphEdit])[] => [...edits.entries()].filter(([, edit]) => edit.layer === layer && edit.hook === hook);
  return {
    at: (layer, hook) => here(layer, hook).length > 0,
    of: (layer, hook, value, rows) => {
      let x = value;
      for (const [index, edit] of here(layer, hook)) {
        const path = `${EDIT_NODES}${index}`;
        const changed = node(graph, `${path}/changed`, "Add", [x, change(graph, path, model, edit, x)]);
        const chosen = chosenRows(graph, model, ids, editing!, edit, rows);
        x = chosen === null ? changed : node(graph, `${path}/kept`, "Where", [chosen, changed, x]);
      }
      return x;
    },
  };
}

/** What is added to the rows x [n, width]: [n, width], or [1, width] where it is the same for all. */
function change(graph: Graph, path: string, model: DecoderSpec, edit: GraphEdit, x: string): string {
  const { sae, layer, features, how, value } = edit;
  const { decoder } = sae;
  if (decoder === null || sae.hookOut !== null) throw new Error("an edit needs an SAE that writes where it reads");
  const plain = edit.folded !== undefined && edit.hook === "z" ? withoutValueBias(graph, `${path}/folded`, x, model, model.blocks[layer]!, edit.folded) : x;
  const seen = edit.centred === true ? centred(graph, `${path}/centred`, plain, decoder.dOut) : plain;
  const factor = stretch(graph, `${path}/stretch`, sae, seen);
  const scale = Float32Array.from(features, (feature) => decoder.scale?.[feature] ?? 1);
  const directions = directionsOf(graph, `${path}/directions`, decoder, features);
  const along = (rows: string): string => product(graph, `${path}/along`, rows, directions, decoder.dOut, decoder.layout);
  let made: string;
  if (how === "add") {
    // Two equal rows: one alone would take another kernel.
    const twice = constant(graph, "f32", [2, features.length], [...scale, ...scale].map((one) => Math.fround(value) * one));
    made = node(graph, `${path}/row`, "Slice", [along(twice), ints(graph, 0), ints(graph, 1), ints(graph, 0)]);
  } else {
    const less = node(graph, `${path}/less`, "Sub", [scalar(graph, value), valuesOf(graph, `${path}/values`, sae, seen, features)]);
    made = along(decoder.scale === null ? less : node(graph, `${path}/amount`, "Mul", [less, constant(graph, "f32", [features.length], scale)]));
  }
  return factor === null ? made : node(graph, `${path}/stretched`, "Mul", [made, factor]);
}

/** Rows of the decoder as stored and then cast: [features, d], or [d, features] where the decoder is kept so. */
function directionsOf(graph: Graph, path: string, { weight, layout }: SaeDecoder, features: readonly number[]): string {
  if (layout === "in_out") return lookUp(graph, path, weight, ints(graph, ...features));
  const columns = node(graph, `${path}/columns`, "Gather", [stored(graph, `${path}/table`, weight), ints(graph, ...features)], { axis: 1 });
  return weight.dtype === "f32" ? columns : node(graph, path, "Cast", [columns], { to: 1 });
}

/** Which rows an edit changes, bool [n, 1]; null: all of them. Factors of 0 and 1: devices know whole numbers as indices only. */
function chosenRows(graph: Graph, model: DecoderSpec, ids: string, { edits, specialIds }: Editing, { special, window }: GraphEdit, rows: Gather | null): string | null {
  const number = window === undefined ? -1 : windowsOf(edits).findIndex((each) => printWindow(each) === printWindow(window));
  const inside = window === undefined ? null : within(graph, ids, number);
  const ordinary = special ? null : counted(graph, model, ids, specialIds);
  const both = `${EDIT_NODES}within_${number}/counted`;
  if (inside !== null && ordinary !== null && !graph.names.has(both)) node(graph, both, "Mul", [inside, ordinary]);
  const all = inside === null ? ordinary : ordinary === null ? inside : both;
  if (all === null) return null;
  const name = rows === null ? all : `${all}/rows`;
  const chosen = rows === null || graph.names.has(name) ? name : rows(name, all);
  const truth = `${name}/above_zero`;
  return graph.names.has(truth) ? truth : node(graph, truth, "Greater", [chosen, scalar(graph, 0.5)]);
}

/** 1 for rows of tokens that are not special, f32 [n, 1]: a table by token id. */
function counted(graph: Graph, model: DecoderSpec, ids: string, specialIds: Iterable<number>): string {
  const all = `${EDIT_NODES}counted`;
  if (graph.names.has(all)) return all;
  const table = new Float32Array(model.embed.shape[0]!).fill(1);
  for (const id of specialIds) table[id] = 0;
  const looked = node(graph, `${EDIT_NODES}ordinary`, "Gather", [constant(graph, "f32", [table.length, 1], table), ids], { axis: 0 });
  return node(graph, all, "Reshape", [looked, ints(graph, -1, 1)]);
}

/** 1 for rows of the window of this number, f32 [n, 1]: where it lies in a text, its tokens do not say. */
function within(graph: Graph, ids: string, number: number): string {
  const all = `${EDIT_NODES}within_${number}`;
  if (graph.names.has(all)) return all;
  const { dims } = graph.inputs.find(({ name }) => name === ids)!;
  return node(graph, all, "Reshape", [input(graph, windowInput(number), "f32", dims), ints(graph, -1, 1)]);
}

