/** Without this file what another program computed could not be read for comparison. */
import { makeAbsent } from "../checkpoint/absent.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { readNpz } from "../checkpoint/npz.ts";
import { pieces } from "../checkpoint/numbers.ts";
import { readSafetensors, type TensorEntry } from "../checkpoint/safetensors.ts";
import { parseJsonObject, type JsonObject } from "../checkpoint/strict_json.ts";
import type { Csr } from "../kernels/csr.ts";

/** A dump of `examples/parity/make_dump.py`. */
export interface Dump {
  /** Token ids of each text. */
  readonly documents: readonly Int32Array[];
  /** What the SAE read, [tokens, d]. */
  readonly residual: Float32Array;
  readonly width: number;
  readonly features: Csr;
  readonly meta: JsonObject;
}

const LARGEST = 4 * 2 ** 30;

/** @throws CheckpointError `broken-dump`, and those of the readers of safetensors and npz; AbortError */
export async function readDump(file: string, signal: AbortSignal = new AbortController().signal): Promise<Dump> {
  const { tensors, size } = /\.npz$/i.test(file) ? (await readNpz(file)).weights : await readSafetensors(file);
  if (size > LARGEST) throw broken(file, `it has ${size} bytes; at most ${LARGEST} are read`);
  await makeAbsent(new Set([...tensors.values()].map((tensor) => tensor.file)), signal, () => {});
  const find = (name: string, dtype: string, rank: number): TensorEntry => {
    const found = tensors.get(name);
    if (found === undefined) throw broken(file, `it holds no \`${name}\``);
    if (found.dtype !== dtype || found.shape.length !== rank) throw broken(file, `\`${name}\` is ${found.dtype} [${found.shape.join(", ")}], not ${dtype} with ${rank} dimensions`);
    return found;
  };
  const int32 = async (name: string): Promise<Int32Array> => new Int32Array((await bytesOf(find(name, "I32", 1))).buffer);
  const float32 = async (name: string, rank: number): Promise<Float32Array> => new Float32Array((await bytesOf(find(name, "F32", rank))).buffer);
  const ids = await int32("ids");
  const lengths = await int32("lengths");
  const residual = await float32("residual", 2);
  const width = find("residual", "F32", 2).shape[1]!;
  const indptr = Uint32Array.from(new BigInt64Array((await bytesOf(find("indptr", "I64", 1))).buffer), Number);
  const indices = new Uint32Array((await int32("indices")).buffer);
  const values = await float32("values", 1);
  const meta = parseJsonObject(await bytesOf(find("meta", "U8", 1)), `\`meta\` of ${file}`);
  const cols = meta["d_sae"];
  if (typeof cols !== "number" || !Number.isSafeInteger(cols) || cols < 1) throw broken(file, "`d_sae` in `meta` is no width");
  const features: Csr = { rows: ids.length, cols, indptr, indices, values };
  requireWhole(file, { ids, lengths, residual, width, features });
  let at = 0;
  const documents = Array.from(lengths, (length) => ids.subarray(at, (at += length)));
  return { documents, residual, width, features, meta };
}

/** Rows, lengths and features belong together, and features of a row are ascending and below the width. */
function requireWhole(file: string, { ids, lengths, residual, width, features: { cols, indptr, indices, values } }: { readonly ids: Int32Array; readonly lengths: Int32Array; readonly residual: Float32Array; readonly width: number; readonly features: Csr }): void {
  if (ids.length === 0) throw broken(file, "it holds no tokens");
  if (lengths.some((length) => length < 1) || lengths.reduce((a, b) => a + b, 0) !== ids.length) throw broken(file, "`lengths` do not add up to `ids`");
  if (residual.length !== ids.length * width) throw broken(file, "`residual` has not one row for each id");
  if (indptr.length !== ids.length + 1 || indptr[0] !== 0 || indptr.at(-1) !== indices.length || indices.length !== values.length) throw broken(file, "`indptr`, `indices` and `values` do not fit together");
  if (indptr.some((start, row) => row > 0 && start < indptr[row - 1]!)) throw broken(file, "`indptr` descends");
  for (let row = 0; row < ids.length; row++) {
    for (let k = indptr[row]!; k < indptr[row + 1]!; k++) if (indices[k]! >= cols || (k > indptr[row]! && indices[k]! <= indices[k - 1]!)) throw broken(file, `features of token ${row} are not ascending below ${cols}`);
  }
}

async function bytesOf(entry: TensorEntry): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(entry.length);
  let at = 0;
  for await (const piece of pieces(entry)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function broken(file: string, why: string): CheckpointError {
  return new CheckpointError("broken-dump", `${file} is no dump to compare with: ${why}`, { help: "make one with examples/parity/make_dump.py" });
}
