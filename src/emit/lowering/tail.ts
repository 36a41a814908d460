/** Without this file small sparse work that a device has no kernels for would hold back the whole graph. */
import { createGraph, type Graph } from "../graph.ts";
import type { Element, NodeProto } from "../proto.ts";
import { dropUnused } from "./rewrite.ts";

/** A graph in two: `head` runs on the device, `tail` on the CPU of the engine process, fed with outputs of the head. */
export interface Parts {
  readonly head: Graph;
  readonly tail: Graph;
}

/** A value that the tail takes from outside: an output of the head, or what the engine makes of such outputs. */
export interface Bridge {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly (number | string)[];
}

/** Nodes of `tail` and all graph outputs that they make go to the tail; `bridges` are its inputs. Initializers go where they are read. */
export function divide(graph: Graph, tail: ReadonlySet<NodeProto>, bridges: readonly Bridge[]): Parts {
  const [first, second] = [createGraph(graph.name, graph.target), createGraph(`${graph.name}_tail`)] as const;
  const bridged = new Set(bridges.map(({ name }) => name));
  second.inputs.push(...bridges);
  first.inputs.push(...graph.inputs);
  for (const node of graph.weightNodes) (tail.has(node) ? second : first).weightNodes.push(node);
  for (const node of graph.nodes) {
    if (!tail.has(node)) first.nodes.push(node);
    else if (!node.outputs.some((name) => bridged.has(name))) second.nodes.push(node);
  }
  for (const part of [first, second]) {
    for (const [name, tensor] of graph.initializers) part.initializers.set(name, tensor);
    for (const name of graph.names) part.names.add(name);
  }
  const made = new Set(second.nodes.flatMap(({ outputs }) => outputs));
  for (const output of graph.outputs) (made.has(output.name) ? second : first).outputs.push(output);
  dropUnused(second);
  return { head: first, tail: second };
}

/** Every node that reads, directly or not, an output of `from`. */
export function readersOf(graph: Graph, from: readonly NodeProto[]): Set<NodeProto> {
  const reached = new Set(from.flatMap(({ outputs }) => outputs));
  const found = new Set<NodeProto>();
  for (const node of graph.nodes) {
    if (!node.inputs.some((name) => reached.has(name))) continue;
    found.add(node);
    for (const name of node.outputs) reached.add(name);
  }
  return found;
}
