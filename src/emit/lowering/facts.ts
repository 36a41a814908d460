/** Without this file a lowering would not know the width and the element of a value that it is to move. */
import { EDIT_NODES } from "../edit_nodes.ts";
import type { Graph } from "../graph.ts";
import { ELEMENT, type Element, type NodeProto } from "../proto.ts";

function producerOf(graph: Graph, name: string): NodeProto | undefined {
  return graph.nodes.find(({ outputs }) => outputs.includes(name)) ?? graph.weightNodes.find(({ outputs }) => outputs.includes(name));
}

/** The whole numbers of a constant. */
export function integersOf(graph: Graph, name: string): readonly number[] {
  const tensor = graph.initializers.get(name);
  if (tensor === undefined || tensor.data.kind !== "raw" || tensor.element !== "i64") throw new Error(`${name} is not a constant of whole numbers`);
  const { bytes } = tensor.data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}

/** Columns of a value [N, w] of an encoder: what the weights and vectors that it is made with say. */
export function widthOf(graph: Graph, name: string): number {
  const tensor = graph.initializers.get(name);
  if (tensor !== undefined) return tensor.dims.at(-1) ?? 1;
  const made = producerOf(graph, name);
  if (made === undefined) throw new Error(`${name}: its width is not known`);
  const [first, second] = made.inputs as readonly [string, string];
  switch (made.op) {
    case "Gemm":
      return dimsOf(graph, second)[made.attributes["transB"]?.value === 1 ? 0 : 1]!;
    case "TopK":
      return integersOf(graph, second)[0]!;
    case "GatherElements":
      return widthOf(graph, second);
    case "Concat":
      return made.inputs.reduce((sum, input) => sum + widthOf(graph, input), 0);
    case "Reshape":
      return integersOf(graph, second).at(-1)!;
    case "Squeeze": {
      // The groups of a grouped maximum: [N, groups, 1] → [N, groups].
      const shape = producerOf(graph, producerOf(graph, first)?.inputs[0] ?? "");
      return integersOf(graph, shape?.inputs[1] ?? "").at(-2)!;
    }
    case "Add": case "Sub": case "Mul": case "Div": case "Max": case "Where": case "Or": case "And": case "Not": case "Less": case "LessOrEqual": case "Greater": case "Cast": case "Relu": case "Identity":
      return Math.max(...made.inputs.map((input) => widthOf(graph, input)));
    default:
      throw new Error(`${made.name}: the width of what ${made.op} makes is not known`);
  }
}

/** Dimensions of a weight behind its cast and slice. */
function dimsOf(graph: Graph, name: string): readonly number[] {
  const tensor = graph.initializers.get(name);
  if (tensor !== undefined) return tensor.dims;
  const made = producerOf(graph, name);
  if (made?.op === "Cast") return dimsOf(graph, made.inputs[0]!);
  if (made?.op !== "Slice") throw new Error(`${name}: its dimensions are not known`);
  const dims = [...dimsOf(graph, made.inputs[0]!)];
  const [from, to, axis] = made.inputs.slice(1).map((input) => integersOf(graph, input)[0]!) as [number, number, number];
  dims[axis] = to - from;
  return dims;
}

const BOOLEAN = new Set(["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "Not", "Or", "And"]);

/** The element of every value of a graph. */
export function elementsOf(graph: Graph): ReadonlyMap<string, Element> {
  const elements = new Map<string, Element>();
  for (const { name, element } of graph.inputs) elements.set(name, element);
  for (const [name, { element }] of graph.initializers) elements.set(name, element);
  for (const node of [...graph.weightNodes, ...graph.nodes]) {
    const first = elements.get(node.inputs[node.op === "Where" ? 1 : 0] ?? "");
    const of = (at: number): Element | undefined => {
      if (node.op === "Cast") return castTo(node);
      if (BOOLEAN.has(node.op)) return "bool";
      return node.op === "ArgMax" || node.op === "NonZero" || node.op === "Shape" || (node.op === "TopK" && at === 1) ? "i64" : first;
    };
    node.outputs.forEach((name, at) => elements.set(name, of(at) ?? "f32"));
  }
  return elements;
}

/** What a `Cast` casts to. */
export function castTo(node: NodeProto): Element {
  const found = (Object.keys(ELEMENT) as Element[]).find((element) => ELEMENT[element] === node.attributes["to"]?.value);
  if (found === undefined) throw new Error(`${node.name}: a cast to an element that no graph has`);
  return found;
}

/** Nodes of edits: float32 as well, and on the device that the model runs on, which reads what they give. */
export function isOfEdit({ name }: NodeProto): boolean {
  return name.startsWith(EDIT_NODES);
}

/** Nodes of encoders and decoders: they stay in float32 whatever the model computes in. */
export function isOfSae({ name }: NodeProto): boolean {
  return name.startsWith("/taps/") && !name.endsWith("/rows");
}
