/** Without this file a graph could not become the protobuf bytes that ONNX Runtime loads. */

// Field numbers are those of onnx.proto3 (github.com/onnx/onnx, onnx/onnx.proto, IR version 11).

/** Element types of `TensorProto.DataType` that our graphs use. */
export const ELEMENT = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, f16: 10, bf16: 16 } as const;
export type Element = keyof typeof ELEMENT;

/** An initializer: its bytes inside the model, or where they lie in another file. */
export interface TensorProto {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly number[];
  readonly data:
    | { readonly kind: "raw"; readonly bytes: Uint8Array }
    /** `location` is relative to the folder that the session is given for external initializers. */
    | { readonly kind: "external"; readonly location: string; readonly offset: number; readonly length: number };
}

export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] };

export interface NodeProto {
  readonly name: string;
  readonly op: string;
  /** "" is the standard operator set. */
  readonly domain: "" | "com.microsoft";
  /** "" stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output of the graph; a string dimension is symbolic. */
export interface ValueProto {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly (number | string)[];
}

export interface ModelProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
}

/** Version 23 brought RMSNormalization, RotaryEmbedding and Attention; IR version 11 belongs to it. */
const OPSET = 23;
const IR_VERSION = 11;
const EXTERNAL = 1;
const ATTRIBUTE_TYPE = { float: 1, int: 2, ints: 7 } as const;

type Part = Uint8Array;
const text = new TextEncoder();

function varint(value: number): Part {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concat(parts: readonly Part[]): Part {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// Wire types: 0 varint, 2 length-delimited, 5 four bytes.
const int = (field: number, value: number): Part => concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Part): Part => concat([varint(field * 8 + 2), varint(value.length), value]);
const string = (field: number, value: string): Part => bytes(field, text.encode(value));
const message = (field: number, parts: readonly Part[]): Part => bytes(field, concat(parts));

function float(field: number, value: number): Part {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return concat([varint(field * 8 + 5), four]);
}

const entry = (key: string, value: string): Part => message(13, [string(1, key), string(2, value)]);

function tensor(proto: TensorProto): readonly Part[] {
  const head = [...proto.dims.map((dim) => int(1, dim)), int(2, ELEMENT[proto.element]), string(8, proto.name)];
  if (proto.data.kind === "raw") return [...head, bytes(9, proto.data.bytes)];
  const { location, offset, length } = proto.data;
  return [...head, entry("location", location), entry("offset", String(offset)), entry("length", String(length)), int(14, EXTERNAL)];
}

function attribute(name: string, value: Attribute): readonly Part[] {
  const ends = (part: readonly Part[]): readonly Part[] => [string(1, name), ...part, int(20, ATTRIBUTE_TYPE[value.kind])];
  switch (value.kind) {
    case "int":
      return ends([int(3, value.value)]);
    case "float":
      return ends([float(2, value.value)]);
    case "ints":
      return ends(value.value.map((item) => int(8, item)));
    default:
      return value satisfies never;
  }
}

function node(proto: NodeProto): readonly Part[] {
  return [
    ...proto.inputs.map((name) => string(1, name)),
    ...proto.outputs.map((name) => string(2, name)),
    string(3, proto.name),
    string(4, proto.op),
    ...Object.entries(proto.attributes).map(([name, value]) => message(5, attribute(name, value))),
    ...(proto.domain === "" ? [] : [string(7, proto.domain)]),
  ];
}

function value(proto: ValueProto): readonly Part[] {
  const dims = proto.dims.map((dim) => message(1, [typeof dim === "number" ? int(1, dim) : string(2, dim)]));
  return [string(1, proto.name), message(2, [message(1, [int(1, ELEMENT[proto.element]), message(2, dims)])])];
}

/** The model as `ModelProto` bytes. Nodes keep their order: see `graph.ts` for why it matters. */
export function encodeModel(model: ModelProto): Uint8Array {
  const graph = [
    ...model.nodes.map((item) => message(1, node(item))),
    string(2, model.name),
    ...model.initializers.map((item) => message(5, tensor(item))),
    ...model.inputs.map((item) => message(11, value(item))),
    ...model.outputs.map((item) => message(12, value(item))),
  ];
  return concat([
    int(1, IR_VERSION),
    string(2, "saeq"),
    message(7, graph),
    message(8, [string(1, ""), int(2, OPSET)]),
    message(8, [string(1, "com.microsoft"), int(2, 1)]),
  ]);
}
