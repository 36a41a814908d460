/** Without this file emitters would each keep their own names, constants and order of nodes. */
import { createHash } from "node:crypto";
import { ELEMENT, encodeModel, type Attribute, type BodyProto, type Element, type NodeProto, type TensorProto, type ValueProto } from "./proto.ts";
import type { EmittedGraph, TensorRef, WeightRef } from "./specs.ts";
import { CPU, type Target } from "./target.ts";

/**
 * A graph under construction. Values are named by paths (`/layers.3/mlp/gate`); a node and its first output share one name.
 * Weight nodes (casts and slices of mapped tensors) are kept apart and emitted before every other node: ONNX Runtime then
 * runs each cast just before its use instead of all of them up front (measured).
 */
export interface Graph {
  readonly name: string;
  /** Graphs are emitted for the CPU in float32 and lowered to their target when they are whole (lowering/lower.ts). */
  readonly target: Target;
  readonly tiling: Tiling;
  readonly weightNodes: NodeProto[];
  readonly nodes: NodeProto[];
  readonly initializers: Map<string, TensorProto>;
  readonly inputs: ValueProto[];
  readonly outputs: ValueProto[];
  /** Every name that exists. */
  readonly names: Set<string>;
  /** Positions of a document that there is room for, past ones included; 0 where no documents are read. */
  positions: number;
}

/** How weights are cut that are cast before they are multiplied with: in few wide tiles, or in so many that the processor's caches hold each, which is quicker where few rows share them. */
export type Tiling = "wide" | "cached";

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

export function createGraph(name: string, target: Target = CPU, tiling: Tiling = "wide"): Graph {
  return { name, target, tiling, weightNodes: [], nodes: [], initializers: new Map(), inputs: [], outputs: [], names: new Set(), positions: 0 };
}

function claim(graph: Graph, name: string): string {
  if (graph.names.has(name)) throw new Error(`graph ${graph.name} names ${name} twice`);
  graph.names.add(name);
  return name;
}

/** Attributes that are floats in the operators' schemas even when their value is whole. */
const FLOAT_ATTRIBUTES = new Set(["epsilon", "scale", "softcap", "alpha", "beta"]);

function attribute(name: string, value: number | string | readonly number[]): Attribute {
  if (typeof value === "string") return { kind: "text", value };
  if (typeof value !== "number") return { kind: "ints", value };
  return { kind: FLOAT_ATTRIBUTES.has(name) ? "float" : "int", value };
}

interface NodeShape {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes?: Attributes;
  readonly domain?: "" | "com.microsoft";
}

function build(graph: Graph, path: string, shape: NodeShape, outputs: readonly string[]): NodeProto {
  for (const input of shape.inputs) {
    if (input !== "" && !graph.names.has(input)) throw new Error(`graph ${graph.name}: ${path} reads ${input}, which does not exist yet`);
  }
  for (const output of outputs) claim(graph, output);
  const attributes = Object.fromEntries(Object.entries(shape.attributes ?? {}).map(([name, value]) => [name, attribute(name, value)]));
  return { name: path, op: shape.op, domain: shape.domain ?? "", inputs: shape.inputs, outputs, attributes };
}

/** Add a node with one output; returns the output's name, which is `path`. */
export function node(graph: Graph, path: string, op: string, inputs: readonly string[], attributes: Attributes = {}): string {
  graph.nodes.push(build(graph, path, { op, inputs, attributes }, [path]));
  return path;
}

/** Add a node with several outputs, named `path` and `path:1` … */
export function nodes(graph: Graph, path: string, shape: NodeShape, outputs: number): readonly string[] {
  const names = Array.from({ length: outputs }, (_, index) => (index === 0 ? path : `${path}:${index}`));
  graph.nodes.push(build(graph, path, shape, names));
  return names;
}

/** An empty list of tensors. */
export function noTensors(graph: Graph, path: string): string {
  return node(graph, path, "SequenceEmpty", [], { dtype: ELEMENT.f32 });
}

/**
 * Add a `Loop`: `times` int64 [] times, a float32 tensor of `dims` is made and put at the end of `list`; returns the longer list. The body reads whatever
 * exists around it and is given the number of the time, int64 [1]. Tensors may differ in their first dimension.
 */
export function appended(graph: Graph, path: string, times: string, list: string, dims: readonly (number | string)[], body: (inner: Graph, time: string) => string): string {
  // Names and initializers are those of the whole graph.
  const inner: Graph = { ...graph, name: path, weightNodes: [], nodes: [], inputs: [], outputs: [] };
  const at = (name: string): string => `${path}/body/${name}`;
  const time = input(inner, at("time"), "i64", []);
  const goesOn = input(inner, at("goes_on"), "bool", []);
  inner.inputs.push({ name: claim(graph, at("list")), element: "f32", dims, sequence: true });
  const made = body(inner, node(inner, at("number"), "Reshape", [time, ints(inner, 1)]));
  output(inner, at("goes_on/still"), goesOn, "bool", []);
  // Without an Identity, which would copy all of it.
  inner.outputs.push({ name: node(inner, at("longer"), "SequenceInsert", [at("list"), made]), element: "f32", dims, sequence: true });
  const value: BodyProto = { name: path, nodes: [...inner.weightNodes, ...inner.nodes], inputs: inner.inputs, outputs: inner.outputs };
  graph.nodes.push({ ...build(graph, path, { op: "Loop", inputs: [times, "", list] }, [path]), attributes: { body: { kind: "body", value } } });
  return path;
}

export function input(graph: Graph, name: string, element: Element, dims: readonly (number | string)[]): string {
  graph.inputs.push({ name: claim(graph, name), element, dims });
  return name;
}

/** Give a value its public name. */
export function output(graph: Graph, name: string, from: string, element: Element, dims: readonly (number | string)[]): void {
  node(graph, name, "Identity", [from]);
  graph.outputs.push({ name, element, dims });
}

const WIDTH: Readonly<Record<Element, number>> = { f32: 4, u8: 1, i8: 1, u16: 2, i32: 4, i64: 8, bool: 1, f16: 2, bf16: 2, f64: 8 };

/** Numbers inside the model; the same content is stored once. */
export function constant(graph: Graph, element: "f32" | "u8" | "bool" | "i32" | "i64", dims: readonly number[], values: ArrayLike<number>): string {
  const bytes = element === "f32" && values instanceof Float32Array && LITTLE ? new Uint8Array(values.slice().buffer) : written(element, values);
  const short = values.length <= 4 ? Array.from(values).join(",") : createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const name = `/constants/${element}[${dims.join(",")}]/${short}`;
  if (!graph.initializers.has(name)) graph.initializers.set(claim(graph, name), { name, element, dims, data: { kind: "raw", bytes } });
  return name;
}

/** Whether this machine keeps numbers as the file format does. */
const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function written(element: Element, values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * WIDTH[element]);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    if (element === "f32") view.setFloat32(at * 4, value, true);
    else if (element === "u8" || element === "bool") view.setUint8(at, value);
    else if (element === "i32") view.setInt32(at * 4, value, true);
    else view.setBigInt64(at * 8, BigInt(value), true);
  }
  return bytes;
}

export const ints = (graph: Graph, ...values: readonly number[]): string => constant(graph, "i64", [values.length], values);
export const scalar = (graph: Graph, value: number): string => constant(graph, "f32", [], [value]);

/** Location below the file system's root: ONNX Runtime refuses absolute paths. */
function location(file: string): string {
  return file.replace(/^[A-Za-z]:/, "").replaceAll("\\", "/").replace(/^\/+/, "");
}

/** A tensor of a file as it is stored; the same bytes are declared once. */
export function stored(graph: Graph, path: string, ref: WeightRef): string {
  const element = elementOf(ref);
  const name = `${path}/${element}`;
  const data = { kind: "external", location: location(ref.file), offset: ref.offset, length: ref.length } as const;
  if (!graph.initializers.has(name)) graph.initializers.set(claim(graph, name), { name, element, dims: ref.shape, data });
  return name;
}

/** Packed numbers are whole numbers to the runtime: four of four bits at once. */
const PACKED = { e2m1: "u16", e8m0: "u8" } as const;

export function elementOf({ dtype }: WeightRef): Element {
  return dtype === "e2m1" || dtype === "e8m0" ? PACKED[dtype] : dtype;
}

/** Bytes of one element as the runtime has it. */
export function elementWidth(ref: WeightRef): number {
  return WIDTH[elementOf(ref)];
}

/**
 * The part of a file that holds all of these tensors, and whatever lies between them, as one list of numbers; with where each of them begins in it.
 * They have one element and lie at distances of whole elements.
 */
export function storedSpan(graph: Graph, path: string, refs: readonly WeightRef[]): { readonly name: string; readonly starts: readonly number[] } {
  const [first] = refs as readonly [WeightRef];
  const width = elementWidth(first);
  const from = Math.min(...refs.map(({ offset }) => offset));
  const length = Math.max(...refs.map(({ offset, length: own }) => offset + own)) - from;
  const name = stored(graph, path, { ...first, offset: from, length, shape: [length / width] });
  return { name, starts: refs.map(({ offset }) => (offset - from) / width) };
}

/** Bytes of a file as a matrix of 8-bit numbers. */
export function storedBytes(graph: Graph, name: string, element: "u8" | "i8", file: string, offset: number, dims: readonly [number, number]): string {
  const data = { kind: "external", location: location(file), offset, length: dims[0] * dims[1] } as const;
  graph.initializers.set(claim(graph, name), { name, element, dims, data });
  return name;
}

/** A mapped tensor in float32: a cast before all other nodes unless the file holds float32 already. */
export function weight(graph: Graph, path: string, ref: TensorRef): string {
  const source = stored(graph, path, ref);
  return cast(graph, path, source, ref.dtype);
}

function cast(graph: Graph, path: string, source: string, dtype: TensorRef["dtype"]): string {
  if (dtype === "f32") return source;
  if (graph.names.has(path)) return path;
  graph.weightNodes.push(build(graph, path, { op: "Cast", inputs: [source], attributes: { to: 1 } }, [path]));
  return path;
}

/** Rows `start` to `end` of a mapped matrix: contiguous in the file, so nothing but the part is mapped. */
export function weightRows(graph: Graph, path: string, ref: TensorRef, start: number, end: number): string {
  const [rows, columns] = ref.shape as readonly [number, number];
  const row = ref.length / rows;
  return weight(graph, path, { ...ref, offset: ref.offset + start * row, length: (end - start) * row, shape: [end - start, columns] });
}

/** Columns `start` to `end` of a mapped matrix: sliced as stored, then cast, so that only the part exists in float32. */
export function weightColumns(graph: Graph, path: string, whole: string, ref: TensorRef, start: number, end: number): string {
  const source = stored(graph, whole, ref);
  const part = `${path}/slice`;
  const inputs = [source, ints(graph, start), ints(graph, end), ints(graph, 1)];
  graph.weightNodes.push(build(graph, part, { op: "Slice", inputs }, [part]));
  return cast(graph, path, part, ref.dtype);
}

/** Bytes of files that the graph maps; overlapping parts (a tied embedding) count once. */
function mappedBytes(graph: Graph): number {
  const parts = [...graph.initializers.values()].flatMap(({ data }) => (data.kind === "external" ? [data] : []));
  parts.sort((a, b) => (a.location < b.location ? -1 : a.location > b.location ? 1 : a.offset - b.offset));
  let total = 0;
  let file = "";
  let end = 0;
  for (const part of parts) {
    if (part.location !== file) [file, end] = [part.location, 0];
    const stop = part.offset + part.length;
    total += Math.max(0, stop - Math.max(end, part.offset));
    end = Math.max(end, stop);
  }
  return total;
}

/** Nodes of the body of a loop, none at any other node. */
function inside({ attributes: { body } }: NodeProto): readonly NodeProto[] {
  return body?.kind === "body" ? body.value.nodes : [];
}

/** Operators in all, those in bodies of loops once. */
function operatorCount(list: readonly NodeProto[]): number {
  return list.reduce((sum, each) => sum + 1 + operatorCount(inside(each)), 0);
}

/** The finished graph. */
export function finish(graph: Graph, flopsPerToken: number): EmittedGraph {
  const bytes = encodeModel({
    name: graph.name,
    nodes: [...graph.weightNodes, ...graph.nodes],
    initializers: [...graph.initializers.values()],
    inputs: graph.inputs,
    outputs: graph.outputs,
  });
  return {
    key: createHash("sha256").update(bytes).digest("hex"),
    bytes,
    target: graph.target,
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    caches: graph.inputs.filter(({ name }) => name.startsWith("past_")).map(({ name, element, dims }) => ({ name, element: element === "f16" ? "f16" : "f32", dims })),
    mappedBytes: mappedBytes(graph),
    flopsPerToken,
    operators: operatorCount([...graph.weightNodes, ...graph.nodes]),
  };
}

const signature = (value: ValueProto): string => `${value.name}: ${value.element}[${value.dims.join(", ")}]`;

/** The graph as text, one node a line, for goldens and for people. File names are left out: they differ by machine. */
export function printGraph(graph: Graph): string {
  const line = (each: NodeProto): string => {
    const { op, domain, inputs, outputs, attributes } = each;
    const given = Object.entries(attributes).map(([name, { kind, value }]) => `${name}=${kind === "body" ? value.name : Array.isArray(value) ? `[${value.join(",")}]` : String(value)}`);
    const own = `  ${outputs.join(", ")} = ${domain === "" ? "" : `${domain}.`}${op}(${[...inputs.map((name) => name || "-"), ...given].join(", ")})`;
    return [own, ...inside(each).map((deeper) => `  ${line(deeper)}`)].join("\n");
  };
  const tensor = ({ name, element, dims, data }: TensorProto): string =>
    `  ${name}: ${element}[${dims.join(",")}]${data.kind === "external" ? ` mapped ${data.length} bytes` : ""}`;
  return [
    `graph ${graph.name}(${graph.inputs.map(signature).join(", ")}) -> (${graph.outputs.map(signature).join(", ")})`,
    ...[...graph.initializers.values()].map(tensor),
    ...graph.weightNodes.map(line),
    ...graph.nodes.map(line),
    "",
  ].join("\n");
}
