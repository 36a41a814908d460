/** Without this file a test could not see which operators a graph was made of. */

/** Fields of one message of Protocol Buffers: number, and the bytes of what is delimited by its length. Other fields are skipped. */
function* fields(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
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
        varint();
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

const of = (bytes: Uint8Array, wanted: number): readonly Uint8Array[] => [...fields(bytes)].filter(([number]) => number === wanted).map(([, value]) => value);
const text = (bytes: Uint8Array | undefined): string => (bytes === undefined ? "" : new TextDecoder().decode(bytes));

/** Operators of a serialized model, each once, those of a domain of their own with its name (onnx.proto: ModelProto.graph 7, GraphProto.node 1, NodeProto.op_type 4 and domain 7). */
export function operators(model: Uint8Array): ReadonlySet<string> {
  const nodes = of(model, 7).flatMap((graph) => of(graph, 1));
  return new Set(nodes.map((node) => [text(of(node, 7)[0]), text(of(node, 4)[0])].filter((part) => part !== "").join(":")));
}
