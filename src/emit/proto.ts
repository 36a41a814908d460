/** Without this file a graph could not become the protobuf bytes that ONNX Runtime loads. */

// Field numbers are those of onnx.proto3 (github.com/onnx/onnx, onnx/onnx.proto, IR version 11).

/** Element types of `TensorProto.DataType` that our graphs use. */
export const ELEMENT = { f32: 1, u8: 2, i8: 3, u16: 4, i32: 6, i64: 7, bool: 9, f16: 10, f64: 11, bf16: 16 } as const;
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
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "body"; readonly value: BodyProto };

/** What a `Loop` does each time: a graph that reads values of the one around it, and has the initializers of that one. */
export interface BodyProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
}

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
  /** A list of such tensors, not one. */
  readonly sequence?: true;
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
const ATTRIBUTE_TYPE = { float: 1, int: 2, text: 3, body: 5, ints: 7 } as const;

/** Bytes written so far. One buffer: a graph has thousands of names, and tables of positions that are megabytes. */
interface Writer {
  bytes: Uint8Array<ArrayBuffer>;
  at: number;
}

const encoder = new TextEncoder();

function room(to: Writer, more: number): void {
  if (to.at + more <= to.bytes.length) return;
  const larger = new Uint8Array(Math.max(2 * to.bytes.length, to.at + more));
  larger.set(to.bytes.subarray(0, to.at));
  to.bytes = larger;
}

/** Ten bytes at most; negative numbers have all ten, as 64 bits. */
function varint(to: Writer, value: number): void {
  room(to, 10);
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) to.bytes[to.at++] = Number(rest & 0x7fn) | 0x80;
    to.bytes[to.at++] = Number(rest);
    return;
  }
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) to.bytes[to.at++] = (rest % 0x80) | 0x80;
  to.bytes[to.at++] = rest;
}

// Wire types: 0 varint, 2 length-delimited, 5 four bytes.
function int(to: Writer, field: number, value: number): void {
  varint(to, field * 8);
  varint(to, value);
}

function bytes(to: Writer, field: number, value: Uint8Array): void {
  varint(to, field * 8 + 2);
  varint(to, value.length);
  room(to, value.length);
  to.bytes.set(value, to.at);
  to.at += value.length;
}

const string = (to: Writer, field: number, value: string): void => bytes(to, field, encoder.encode(value));

/** What `write` writes, behind its length, which is known only then: it is moved to make room for it. */
function message(to: Writer, field: number, write: () => void): void {
  varint(to, field * 8 + 2);
  const from = to.at;
  write();
  const length = to.at - from;
  varint(to, length);
  const header = to.bytes.slice(from + length, to.at);
  to.bytes.copyWithin(from + header.length, from, from + length);
  to.bytes.set(header, from);
}

function float(to: Writer, field: number, value: number): void {
  varint(to, field * 8 + 5);
  room(to, 4);
  new DataView(to.bytes.buffer).setFloat32(to.at, value, true);
  to.at += 4;
}

function entry(to: Writer, key: string, value: string): void {
  message(to, 13, () => {
    string(to, 1, key);
    string(to, 2, value);
  });
}

function tensor(to: Writer, proto: TensorProto): void {
  for (const dim of proto.dims) int(to, 1, dim);
  int(to, 2, ELEMENT[proto.element]);
  string(to, 8, proto.name);
  if (proto.data.kind === "raw") return bytes(to, 9, proto.data.bytes);
  const { location, offset, length } = proto.data;
  entry(to, "location", location);
  entry(to, "offset", String(offset));
  entry(to, "length", String(length));
  int(to, 14, EXTERNAL);
}

function attribute(to: Writer, name: string, value: Attribute): void {
  string(to, 1, name);
  switch (value.kind) {
    case "int":
      int(to, 3, value.value);
      break;
    case "float":
      float(to, 2, value.value);
      break;
    case "ints":
      for (const each of value.value) int(to, 8, each);
      break;
    case "text":
      string(to, 4, value.value);
      break;
    case "body":
      message(to, 6, () => graph(to, { ...value.value, initializers: [] }));
      break;
    default:
      value satisfies never;
  }
  int(to, 20, ATTRIBUTE_TYPE[value.kind]);
}

function node(to: Writer, proto: NodeProto): void {
  for (const name of proto.inputs) string(to, 1, name);
  for (const name of proto.outputs) string(to, 2, name);
  string(to, 3, proto.name);
  string(to, 4, proto.op);
  for (const [name, value] of Object.entries(proto.attributes)) message(to, 5, () => attribute(to, name, value));
  if (proto.domain !== "") string(to, 7, proto.domain);
}

function value(to: Writer, proto: ValueProto): void {
  string(to, 1, proto.name);
  const shape = (): void => proto.dims.forEach((dim) => message(to, 1, () => (typeof dim === "number" ? int(to, 1, dim) : string(to, 2, dim))));
  const tensorType = (): void => {
    int(to, 1, ELEMENT[proto.element]);
    message(to, 2, shape);
  };
  const type = (): void => message(to, 1, tensorType);
  message(to, 2, () => (proto.sequence === true ? message(to, 4, () => message(to, 1, type)) : type()));
}

function operators(to: Writer, domain: string, version: number): void {
  message(to, 8, () => {
    string(to, 1, domain);
    int(to, 2, version);
  });
}

function graph(to: Writer, proto: ModelProto): void {
  for (const each of proto.nodes) message(to, 1, () => node(to, each));
  string(to, 2, proto.name);
  for (const each of proto.initializers) message(to, 5, () => tensor(to, each));
  for (const each of proto.inputs) message(to, 11, () => value(to, each));
  for (const each of proto.outputs) message(to, 12, () => value(to, each));
}

/** The model as `ModelProto` bytes. Nodes keep their order: see `graph.ts` for why it matters. */
export function encodeModel(model: ModelProto): Uint8Array {
  const inside = model.initializers.reduce((sum, { data }) => sum + (data.kind === "raw" ? data.bytes.length : 0), 0);
  const to: Writer = { bytes: new Uint8Array(inside + 2 ** 16), at: 0 };
  int(to, 1, IR_VERSION);
  string(to, 2, "saeq");
  message(to, 7, () => graph(to, model));
  operators(to, "", OPSET);
  operators(to, "com.microsoft", 1);
  return to.bytes.slice(0, to.at);
}
