/** Without this file a model could be computed in float32 only. */
import { createGraph, type Graph } from "../graph.ts";
import { ELEMENT, type Element, type NodeProto } from "../proto.ts";
import type { Dtype } from "../target.ts";
import { castTo, elementsOf } from "./facts.ts";
import { HIDDEN_NODES } from "./group_query.ts";
import { dropUnused } from "./rewrite.ts";

/** Nodes of encoders and decoders: they stay in float32 whatever the model computes in. */
export function isOfSae({ name }: NodeProto): boolean {
  return name.startsWith("/taps/") && !name.endsWith("/rows");
}

/** Operators that CUDA has no kernel of in that type (onnxruntime docs/OperatorKernels.md): they compute in float32. */
const WITHOUT: Readonly<Record<Exclude<Dtype, "f32">, ReadonlySet<string>>> = { f16: new Set(["ArgMax"]), bf16: new Set(["ArgMax", "Pad"]) };

const cast = (from: string, name: string, to: Element): NodeProto => ({ name, op: "Cast", domain: "", inputs: [from], outputs: [name], attributes: { to: { kind: "int", value: ELEMENT[to] } } });

/**
 * The same graph with the model in `dtype`: weights are cast to it (or mapped as they are, where the file holds it), constants are
 * rounded to it, and the cache of a generation is kept in it. What leaves the graph and what an SAE reads is cast to float32.
 */
export function withElement(graph: Graph, dtype: Exclude<Dtype, "f32">): Graph {
  const out = createGraph(graph.name, graph.target);
  const elements = elementsOf(graph);
  const published = new Set(graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("present_")));
  const inModel = new Set(graph.inputs.filter(({ name, element }) => element === "f32" && name.startsWith("past_")).map(({ name }) => name));
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
    return copy(name, dtype, graph.initializers.has(name) ? out.weightNodes : out.nodes);
  };
  const forSae = (name: string): string => (inModel.has(name) ? copy(name, "f32", out.nodes) : name);
  const toModel = (node: NodeProto): boolean => node.op === "Cast" && castTo(node) === "f32";

  for (const node of graph.weightNodes) {
    const [source] = node.inputs as readonly [string];
    const name = node.outputs[0]!;
    if (isOfSae(node)) out.weightNodes.push(node);
    else if (toModel(node) && elements.get(source) === dtype) {
      copies.set(`same ${name}`, source);
      inModel.add(name);
    } else {
      out.weightNodes.push(toModel(node) ? cast(source, name, dtype) : node);
      if (elements.get(name) === "f32") inModel.add(name);
    }
  }
  for (const node of graph.nodes) {
    if (isOfSae(node) || node.name.startsWith(HIDDEN_NODES) || published.has(node.name) || WITHOUT[dtype].has(node.op)) {
      out.nodes.push({ ...node, inputs: node.inputs.map(forSae) });
      continue;
    }
    if (toModel(node)) out.nodes.push(cast(forModel(node.inputs[0]!), node.name, dtype));
    else out.nodes.push({ ...node, inputs: node.inputs.map(forModel) });
    for (const name of node.outputs) if (elements.get(name) === "f32") inModel.add(name);
  }
  for (const output of graph.outputs) out.outputs.push(output.name.startsWith("present_") ? { ...output, element: dtype } : output);
  dropUnused(out);
  return out;
}
