/** Without this file each lowering would walk graphs, copy nodes and keep names in a way of its own. */
import { createGraph, type Graph } from "../graph.ts";
import type { NodeProto } from "../proto.ts";

/** What a rule sees: the graph being built, the node, and where the values of the old graph come from. */
export interface Site {
  readonly out: Graph;
  readonly node: NodeProto;
  readonly producer: ReadonlyMap<string, NodeProto>;
}

/** Emits what stands for a node, with outputs of the same names, and returns true; or returns false and the node stays. */
export type Rule = (site: Site) => boolean;

/** A graph in which each node was offered to the rule of its operator. Inputs, outputs and initializers are kept; unused casts go. */
export function rewrite(graph: Graph, rules: Readonly<Record<string, Rule>>): Graph {
  const out = createGraph(graph.name, graph.target);
  out.positions = graph.positions;
  const producer = new Map<string, NodeProto>();
  for (const node of [...graph.weightNodes, ...graph.nodes]) for (const output of node.outputs) producer.set(output, node);
  for (const input of graph.inputs) {
    out.inputs.push(input);
    out.names.add(input.name);
  }
  for (const [name, tensor] of graph.initializers) {
    out.initializers.set(name, tensor);
    out.names.add(name);
  }
  out.outputs.push(...graph.outputs);
  const offer = (node: NodeProto, kept: NodeProto[]): void => {
    if (rules[node.op]?.({ out, node, producer }) === true) return;
    for (const output of node.outputs) out.names.add(output);
    kept.push(node);
  };
  for (const node of graph.weightNodes) offer(node, out.weightNodes);
  for (const node of graph.nodes) offer(node, out.nodes);
  dropUnused(out);
  return out;
}

/** A rule may leave a weight's cast, a constant or a mapped tensor without a reader. */
export function dropUnused(graph: Graph): void {
  for (let changed = true; changed; ) {
    changed = false;
    const used = new Set([...graph.outputs.map(({ name }) => name), ...[...graph.weightNodes, ...graph.nodes].flatMap(({ inputs }) => inputs)]);
    for (const list of [graph.weightNodes, graph.nodes]) {
      for (let at = list.length - 1; at >= 0; at -= 1) {
        if (list[at]!.outputs.some((name) => used.has(name))) continue;
        list.splice(at, 1);
        changed = true;
      }
    }
    for (const name of graph.initializers.keys()) if (!used.has(name)) graph.initializers.delete(name);
  }
}

/** A number attribute of a node. */
export function numberOf(node: NodeProto, name: string, fallback: number): number {
  const value = node.attributes[name]?.value;
  return typeof value === "number" ? value : fallback;
}

/** An operator that was emitted with an attribute which a rule does not know would be computed wrongly: it is refused. */
export function requireKnown(node: NodeProto, known: readonly string[]): void {
  const strange = Object.keys(node.attributes).find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`${node.name}: no lowering of ${node.op} with ${strange}`);
}
