/** Without this file a model could be computed in float32 only. */
import { EXACT_STATE, RECURRENCE } from "../delta.ts";
import { createGraph, ints, node, type Graph } from "../graph.ts";
import { ELEMENT, type Element, type NodeProto, type ValueProto } from "../proto.ts";
import type { Dtype } from "../target.ts";
import { COMPACTION_NODES } from "./compaction.ts";
import { castTo, elementsOf, isOfEdit, isOfSae } from "./facts.ts";
import { HIDDEN_NODES } from "./standing.ts";
import { dropUnused } from "./rewrite.ts";

/** What has to be exact: encoders, edits, places in a row (float16 counts to 2,048, bfloat16 to 256), what queries see, and matrices to which each token adds. */
function isExact(each: NodeProto): boolean {
  return isOfSae(each) || isOfEdit(each) || each.name.includes(RECURRENCE) || each.name.startsWith(COMPACTION_NODES) || each.name.startsWith(HIDDEN_NODES);
}

/** What is kept of earlier tokens in the element of the model. */
const cached = ({ name }: ValueProto, side: "past" | "present"): boolean => name.startsWith(`${side}_`) && !name.startsWith(`${side}_${EXACT_STATE}_`);

/** Operators that CUDA has no kernel of in that type (`test/devices/cuda_kernels.tsv`): they compute in float32. */
const WITHOUT: Readonly<Record<Exclude<Dtype, "f32">, ReadonlySet<string>>> = { f16: new Set(), bf16: new Set(["ArgMax", "Clip", "Greater", "Pad"]) };

const cast = (from: string, name: string, to: Element): NodeProto => ({ name, op: "Cast", domain: "", inputs: [from], outputs: [name], attributes: { to: { kind: "int", value: ELEMENT[to] } } });

/**
 * The same graph with the model in `dtype`: weights are cast to it (or mapped as they are, where the file holds it), constants are
 * rounded to it, and the cache of a generation is kept in it. What leaves the graph and what an SAE reads is cast to float32; so is a cache in
 * bfloat16, which loses nothing: the binding knows no tensors of it (onnxruntime-node 1.30, `lib/backend.ts`).
 */
export function withElement(graph: Graph, dtype: Exclude<Dtype, "f32">): Graph {
  const out = createGraph(graph.name, graph.target);
  const elements = elementsOf(graph);
  const published = new Set(graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("present_") || name.startsWith(`present_${EXACT_STATE}_`)));
  const handed = dtype === "bf16" ? "f32" : dtype;
  const inModel = new Set(graph.inputs.filter((input) => handed !== "f32" && input.element === "f32" && cached(input, "past")).map(({ name }) => name));
  /** Names under which a value of the old graph is known in the other element. */
  const copies = new Map<string, string>();
  out.names.add("");
  for (const name of graph.names) out.names.add(name);
  for (const [name, tensor] of graph.initializers) out.initializers.set(name, tensor);
  for (const input of graph.inputs) out.inputs.push(inModel.has(input.name) ? { ...input, element: dtype } : input);

  const copy = (name: string, to: Element, list: NodeProto[]): string => {
    const known = copies.get(`${to} ${name}`);
    if (known !== undefined) return known;
    list.push(cast(name, `${name}/${to}`, to));
    out.names.add(`${name}/${to}`);
    copies.set(`${to} ${name}`, `${name}/${to}`);
    return `${name}/${to}`;
  };
  const forModel = (name: string): string => {
    if (elements.get(name) !== "f32" || inModel.has(name)) return copies.get(`same ${name}`) ?? name;
    if (/^past_(key|value)_/.test(name)) copies.set(`${dtype} ${name}`, copies.get(`${dtype} ${name}`) ?? takenOver(out, name, dtype));
    return copy(name, dtype, graph.initializers.has(name) ? out.weightNodes : out.nodes);
  };
  const forSae = (name: string): string => (inModel.has(name) ? copy(name, "f32", out.nodes) : name);
  const toModel = (node: NodeProto): boolean => node.op === "Cast" && castTo(node) === "f32";

  for (const node of graph.weightNodes) {
    const [source] = node.inputs as readonly [string];
    const name = node.outputs[0]!;
    if (isExact(node)) out.weightNodes.push(node);
    else if (toModel(node) && elements.get(source) === dtype) {
      copies.set(`same ${name}`, source);
      inModel.add(name);
    } else {
      out.weightNodes.push(toModel(node) ? cast(source, name, dtype) : node);
      if (elements.get(name) === "f32") inModel.add(name);
    }
  }
  for (const node of graph.nodes) {
    if (isExact(node) || published.has(node.name) || WITHOUT[dtype].has(node.op)) {
      out.nodes.push({ ...node, inputs: node.inputs.map(forSae) });
      continue;
    }
    if (toModel(node)) out.nodes.push(cast(forModel(node.inputs[0]!), node.name, dtype));
    else out.nodes.push({ ...node, inputs: node.inputs.map(forModel) });
    for (const name of node.outputs) if (elements.get(name) === "f32") inModel.add(name);
  }
  for (const output of graph.outputs) {
    const kept = cached(output, "present");
    out.outputs.push(kept ? { ...output, element: handed } : output);
    if (kept && handed !== dtype) handOver(out, output.name, dtype);
  }
  dropUnused(out);
  return out;
}

/**
 * A cache that comes in float32, in `dtype`. Its length is unknown to what plans buffers: attention may grow a cache within the buffer of the past
 * one, and with a cache that is no input of the graph the CUDA provider did so for one that was too short.
 */
function takenOver(out: Graph, name: string, dtype: Dtype): string {
  const made = cast(name, `${name}/cast`, dtype);
  out.nodes.push(made);
  out.names.add(made.name);
  return node(out, `${name}/${dtype}`, "Reshape", [made.name, ints(out, 0, 0, -1, 0)]);
}

/** An output that was made in `dtype`, cast to float32 under its own name. */
function handOver(out: Graph, name: string, dtype: Dtype): void {
  const inside = `${name}/${dtype}`;
  const at = out.nodes.findIndex(({ outputs }) => outputs.includes(name));
  const made = out.nodes[at]!;
  out.nodes[at] = { ...made, name: made.name === name ? inside : made.name, outputs: made.outputs.map((each) => (each === name ? inside : each)) };
  out.names.add(inside);
  out.nodes.push(cast(inside, name, "f32"));
}
