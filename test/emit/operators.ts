/** Without this file a test could not see which operators a graph was made of. */
import { ELEMENT, type Element } from "../../src/emit/proto.ts";

/** Fields of one message of Protocol Buffers: number, and its whole number or the bytes of what is delimited by its length. Other fields are skipped. */
function* fields(bytes: Uint8Array): Generator<readonly [number, Uint8Array | number]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    switch (key % 8) {
      case 0:
        yield [Math.floor(key / 8), varint()];
        break;
      case 1:
        at += 8;
        break;
      case 5:
        at += 4;
        break;
      default: {
        const length = varint();
        yield [Math.floor(key / 8), bytes.subarray(at, (at += length))];
      }
    }
  }
}

const of = (bytes: Uint8Array, wanted: number): readonly Uint8Array[] => [...fields(bytes)].flatMap(([number, value]) => (number === wanted && typeof value !== "number" ? [value] : []));
const text = (bytes: Uint8Array | undefined): string => (bytes === undefined ? "" : new TextDecoder().decode(bytes));
const whole = (bytes: Uint8Array | undefined, wanted: number): number => Number([...fields(bytes ?? new Uint8Array())].find(([number]) => number === wanted)?.[1] ?? 0);

/** An operator with its place in the graph. */
export interface Operator {
  /** With the name of its domain, where that is one of its own. */
  readonly op: string;
  readonly name: string;
  /** "" where one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What a `Cast` casts to; null for every other operator. */
  readonly to: Element | null;
}

/** A serialized model: its operators in order, and the elements of its inputs and initializers. */
export interface Model {
  readonly operators: readonly Operator[];
  readonly elements: ReadonlyMap<string, Element>;
}

/**
 * Fields are those of onnx.proto: ModelProto.graph 7; GraphProto.node 1, initializer 5, input 11; NodeProto.input 1, output 2, name 3, op_type 4,
 * attribute 5, domain 7; AttributeProto.name 1, i 3; TensorProto.data_type 2, name 8; ValueInfoProto.name 1, type 2; TypeProto.tensor_type 1, elem_type 1.
 */
export function modelOf(bytes: Uint8Array): Model {
  const graphs = of(bytes, 7);
  const operators = graphs.flatMap((graph) => of(graph, 1)).map((node): Operator => {
    const op = [text(of(node, 7)[0]), text(of(node, 4)[0])].filter((part) => part !== "").join(":");
    const to = op === "Cast" ? of(node, 5).find((attribute) => text(of(attribute, 1)[0]) === "to") : undefined;
    return { op, name: text(of(node, 3)[0]), inputs: of(node, 1).map(text), outputs: of(node, 2).map(text), to: to === undefined ? null : elementOf(whole(to, 3)) };
  });
  const elements = new Map<string, Element>();
  for (const tensor of graphs.flatMap((graph) => of(graph, 5))) elements.set(text(of(tensor, 8)[0]), elementOf(whole(tensor, 2)));
  for (const value of graphs.flatMap((graph) => of(graph, 11))) elements.set(text(of(value, 1)[0]), elementOf(whole(of(of(value, 2)[0]!, 1)[0], 1)));
  return { operators, elements };
}

function elementOf(number: number): Element {
  const found = (Object.keys(ELEMENT) as Element[]).find((element) => ELEMENT[element] === number);
  if (found === undefined) throw new Error(`no graph has an element of number ${number}`);
  return found;
}

/** Operators of a serialized model, each once. */
export function operators(model: Uint8Array): ReadonlySet<string> {
  return new Set(modelOf(model).operators.map(({ op }) => op));
}
