/** Without this file SAEs that are published only as torch.save files could not be read. */
import { CheckpointError } from "./error.ts";
import { unpacked } from "./inflate.ts";
import { readPickle } from "./pickle.ts";
import { CONVERT, isKind, type Pickled, type PickledTensor } from "./pickle_values.ts";
import type { TensorEntry, TensorFile } from "./safetensors.ts";
import { readZipDirectory, type ZipDirectory } from "./zip_directory.ts";

const LARGEST_PICKLE = 16 * 2 ** 20;
const MOST_TENSORS = 100_000;
const DEEPEST = 4;
const WIDTH: Readonly<Record<string, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I16: 2, I8: 1, U8: 1, BOOL: 1 };

/**
 * The tensors of a file of torch.save (the zip format of torch ≥ 1.6): `<name>/data.pkl` is read by a reader that can build nothing but
 * tensors, `<name>/data/<key>` are the storages, mapped where they lie. Nested dicts give names with dots; of `{"sae": {…}}` the inner dict.
 * Errors: `pickle-refused` for anything else in the pickle and for older files, `broken-archive`, `invalid-tensor`.
 */
export async function readTorchFile(file: string): Promise<TensorFile> {
  const directory = await readZipDirectory(file).catch((error: unknown) => {
    if (error instanceof CheckpointError && error.code === "broken-archive" && /not a zip archive/.test(error.message)) {
      throw new CheckpointError("pickle-refused", `${file} is a pickle without an archive, of torch before 1.6 or cut short, and is not opened`, CONVERT);
    }
    throw error;
  });
  const pickles = [...directory.members.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length > 1) throw new CheckpointError("broken-archive", `${file} is not a file of torch.save: it holds ${pickles.length} members data.pkl`, { help: "download the file again" });
  const prefix = name.slice(0, -"data.pkl".length);
  const byteorder = directory.members.get(`${prefix}byteorder`);
  if (byteorder !== undefined && byteorder.size !== 6) throw new CheckpointError("unsupported-dtype", `${file} was saved on a big-endian machine`, CONVERT);
  const root = readPickle(await whole(directory, name), `\`${name}\` of ${file}`);
  const top = isKind(root, "dict") ? (root.entries.get("sae") ?? root) : root;
  const tensors = new Map<string, TensorEntry>();
  collect(top, "", 0, (path, tensor) => {
    if (tensors.size >= MOST_TENSORS) throw new CheckpointError("broken-archive", `${file} holds more than ${MOST_TENSORS} tensors`, { help: "download the file again" });
    tensors.set(path, entryOf(directory, prefix, path, tensor));
  });
  return { file, size: directory.size, header: directory.bytes, start: 0, tensors };
}

async function whole(directory: ZipDirectory, name: string): Promise<Uint8Array> {
  const member = directory.members.get(name);
  if (member === undefined) throw new Error(`${name} was listed`);
  if (member.size > LARGEST_PICKLE) throw new CheckpointError("broken-archive", `\`${name}\` of ${directory.file} has ${member.size} bytes; at most ${LARGEST_PICKLE} are read`, { help: "download the file again" });
  const pieces: Buffer[] = [];
  for await (const piece of unpacked(directory.file, member)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

/** Tensors of nested dicts by dotted name; a dict within itself ends at the greatest depth. */
function collect(value: Pickled, path: string, depth: number, found: (path: string, tensor: PickledTensor) => void): void {
  if (isKind(value, "tensor")) found(path, value);
  else if (isKind(value, "dict") && depth < DEEPEST) for (const [key, inner] of value.entries) collect(inner, path === "" ? key : `${path}.${key}`, depth + 1, found);
}

function entryOf({ file, members }: ZipDirectory, prefix: string, name: string, tensor: PickledTensor): TensorEntry {
  const fault = (what: string): CheckpointError => new CheckpointError("invalid-tensor", `tensor \`${name}\` of ${file} ${what}`, { help: "download the file again" });
  const storage = members.get(`${prefix}data/${tensor.storage}`);
  const width = WIDTH[tensor.dtype] as number;
  if (storage === undefined) throw fault(`lies in the storage ${JSON.stringify(tensor.storage)}, which is not in the archive`);
  if (storage.deflated) throw fault("is deflated, and a file of torch.save never is");
  const count = tensor.shape.reduce((product, size) => product * BigInt(size), 1n);
  if (BigInt(storage.size) !== BigInt(tensor.count) * BigInt(width)) throw fault(`needs a storage of ${BigInt(tensor.count) * BigInt(width)} bytes and has one of ${storage.size}`);
  if (BigInt(tensor.offset) + count > BigInt(tensor.count)) throw fault(`reaches past the ${tensor.count} elements of its storage`);
  const order = orderOf(tensor);
  if (order === null) throw new CheckpointError("unsupported-sae", `tensor \`${name}\` of ${file} is a view with strides (${tensor.stride.join(", ")}) of shape (${tensor.shape.join(", ")})`, CONVERT);
  return { name, file, dtype: tensor.dtype, shape: tensor.shape, offset: storage.offset + tensor.offset * width, length: Number(count) * width, columnMajor: order === "columns" };
}

/** Whether elements follow one another by rows, or, of a transposed matrix, by columns. Axes of one element may have any stride. */
function orderOf({ shape, stride }: PickledTensor): "rows" | "columns" | null {
  const follows = (axes: readonly number[]): boolean => {
    let step = 1;
    return axes.every((axis) => {
      const [size, own] = [shape[axis] as number, stride[axis] as number];
      const right = size <= 1 || own === step;
      step *= size;
      return right;
    });
  };
  const axes = shape.map((_, axis) => axis);
  if (shape.includes(0) || follows(axes.toReversed())) return "rows";
  return shape.length === 2 && follows(axes) ? "columns" : null;
}
