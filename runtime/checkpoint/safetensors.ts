/** Without this file nothing would know where tensors lie, or that a file lies about them. */
import type { FileHandle } from "node:fs/promises";
import type { PackedRef, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { absentFile } from "./absent.ts";
import { CheckpointError } from "./error.ts";
import { openFile, unreadable } from "./real_path.ts";
import { readAs } from "./steady.ts";
import { parseJsonObject, type Json } from "./strict_json.ts";

/** A tensor as the header describes it. Offsets count from the start of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  /** Stored by columns: numpy's Fortran order, or a transposed tensor. Safetensors files never are. */
  readonly columnMajor?: boolean;
}

/** A file of tensors: what its directory says, and where the data begin. */
export interface TensorFile {
  readonly file: string;
  readonly size: number;
  readonly header: Uint8Array;
  readonly start: number;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

// Format: github.com/huggingface/safetensors, README "Format" and `safetensors/src/tensor.rs` (Dtype, MAX_HEADER_SIZE, `Metadata::validate`).
export const LARGEST_HEADER = 100_000_000;
const BITS: Readonly<Record<string, bigint>> = {
  BOOL: 8n, U8: 8n, I8: 8n, F8_E5M2: 8n, F8_E4M3: 8n, F8_E8M0: 8n, F4: 4n, F6_E2M3: 6n, F6_E3M2: 6n,
  I16: 16n, U16: 16n, F16: 16n, BF16: 16n, I32: 32n, U32: 32n, F32: 32n, I64: 64n, U64: 64n, F64: 64n, C64: 64n,
};
const STORED: Readonly<Record<string, StoredType>> = { F32: "f32", F16: "f16", BF16: "bf16", F64: "f64" };
const AGAIN = { help: "download the file again" };
const PICKLES = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i;

/** Refuses formats that can run code when opened. */
export function refusePickle(file: string): void {
  if (PICKLES.test(file)) throw pickleError(file);
}

function pickleError(file: string): CheckpointError {
  return new CheckpointError("pickle-refused", `${file} is a pickle, which can run code when it is opened`, {
    help: "convert it once where you trust it: safetensors.torch.save_file(torch.load(path, weights_only=True), \"model.safetensors\")",
  });
}

/**
 * Read and check the header of a safetensors file; the data stay where they are. Sizes are checked before anything is allocated.
 * Errors: `not-safetensors`, `truncated-safetensors`, `invalid-json`, `duplicate-key`, `invalid-tensor`, `overlapping-tensors`, `unreferenced-bytes`.
 */
export async function readSafetensors(file: string): Promise<TensorFile> {
  refusePickle(file);
  const absent = absentFile(file);
  if (absent !== null && absent.header !== null) return { file, size: absent.size, header: absent.header, start: 8 + absent.header.length, tensors: tensorsOf(file, absent.header, absent.size) };
  let handle: FileHandle | null = null;
  try {
    handle = await openFile(file);
    const facts = await handle.stat({ bigint: true });
    const size = Number(facts.size);
    readAs(file, facts);
    const start = await readExactly(handle, file, 0, Math.min(size, 512));
    recognise(file, start, size);
    const length = headerLength(file, start, size);
    const header = await readExactly(handle, file, 8, length);
    return { file, size, header, start: 8 + header.length, tensors: tensorsOf(file, header, size) };
  } catch (error) {
    throw error instanceof CheckpointError ? error : unreadable(file, error);
  } finally {
    await handle?.close();
  }
}

/** `length` bytes at `offset`; fewer is an error (the file changed or the disk failed). */
export async function readExactly(handle: FileHandle, file: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await fill(handle, file, offset, bytes);
  return bytes;
}

/** The same into bytes that exist. */
export async function fill(handle: FileHandle, file: string, offset: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done).catch((error: unknown) => Promise.reject(unreadable(file, error)));
    if (bytesRead === 0) throw new CheckpointError("truncated-safetensors", `${file} ended ${bytes.length - done} bytes early while it was read`, AGAIN);
    done += bytesRead;
  }
}

/** Things that are often saved under the name of weights. `start` is the file's first half kilobyte. */
export function refusePlaceholder(file: string, start: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("version https://git-lfs")) {
    const real = /\nsize (\d+)/.exec(text)?.[1];
    throw new CheckpointError("git-lfs-pointer", `${file} is a Git LFS pointer, not the file itself`, {
      notes: [...(real === undefined ? [] : [`the real file has ${real} bytes`]), "it is run in the folder of the file"],
      help: "git lfs pull",
    });
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) throw new CheckpointError("html-page", `${file} is a web page, most likely an error page of a download`, { help: "download the file again" });
}

function recognise(file: string, start: Uint8Array, size: number): void {
  refusePlaceholder(file, start);
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("PK\u0003\u0004") || (start[0] === 0x80 && (start[1] ?? 9) <= 5 && start[7] !== 0)) throw pickleError(file);
  if (size < 8) throw new CheckpointError("truncated-safetensors", `${file} has ${size} bytes; a safetensors file has at least 8`, { help: "download the file again" });
}

function headerLength(file: string, start: Uint8Array, size: number): number {
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(LARGEST_HEADER)) throw new CheckpointError("not-safetensors", `${file} declares a header of ${length} bytes; at most ${LARGEST_HEADER} are allowed`, AGAIN);
  if (length < 2n) throw new CheckpointError("not-safetensors", `${file} declares a header of ${length} bytes`, AGAIN);
  if (length + 8n > BigInt(size)) {
    throw new CheckpointError("truncated-safetensors", `${file} has ${size} bytes, but its header alone needs ${length + 8n}`, { help: "download the file again" });
  }
  return Number(length);
}

function tensorsOf(file: string, header: Uint8Array, size: number): ReadonlyMap<string, TensorEntry> {
  const value = parseJsonObject(header, `the header of ${file}`);
  const base = 8 + header.length;
  const tensors = Object.entries(value).flatMap(([name, entry]) => (name === "__metadata__" ? [] : [tensorOf(file, base, name, entry)]));
  layOut(file, base, size, tensors);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function tensorOf(file: string, base: number, name: string, entry: Json): TensorEntry {
  const fault = (what: string, help = AGAIN.help): CheckpointError => new CheckpointError("invalid-tensor", `tensor \`${name}\` of ${file} ${what}`, { help });
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) throw fault("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = entry as Readonly<Record<string, Json>>;
  const bits = typeof dtype === "string" && Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
  if (typeof dtype !== "string" || bits === undefined) throw fault(`has the unknown type ${JSON.stringify(dtype ?? null)}`, `types that can be used: ${Object.keys(STORED).join(", ")}`);
  if (!isSizes(shape)) throw fault("has no valid shape");
  if (!isSizes(offsets) || offsets.length !== 2) throw fault("has no valid data_offsets");
  const [begin, end] = offsets as readonly [number, number];
  if (begin > end) throw fault(`begins at ${begin}, after its end ${end}`);
  const needed = shape.reduce((product, dim) => product * BigInt(dim), bits);
  if (needed % 8n !== 0n || needed / 8n !== BigInt(end - begin)) throw fault(`of type ${dtype} and shape [${shape.join(", ")}] needs ${needed / 8n} bytes and has ${end - begin}`);
  return { name, file, dtype, shape, offset: base + begin, length: end - begin };
}

function isSizes(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

/** Tensors cover the data exactly: no overlap, no hole, nothing past the end. */
function layOut(file: string, base: number, size: number, tensors: readonly TensorEntry[]): void {
  const ordered = tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length);
  let end = base;
  let before: TensorEntry | null = null;
  for (const tensor of ordered) {
    const between = before === null ? "the header" : `\`${before.name}\``;
    if (tensor.offset < end) throw new CheckpointError("overlapping-tensors", `tensors ${between} and \`${tensor.name}\` of ${file} overlap by ${end - tensor.offset} bytes`, AGAIN);
    if (tensor.offset > end) throw new CheckpointError("unreferenced-bytes", `${tensor.offset - end} bytes between ${between} and \`${tensor.name}\` of ${file} belong to no tensor`, AGAIN);
    end = tensor.offset + tensor.length;
    before = tensor;
  }
  if (end > size) {
    throw new CheckpointError("truncated-safetensors", `${file} has ${size} bytes, but its header describes ${end}`, {
      notes: before === null ? [] : [`the last tensor is \`${before.name}\``],
      help: "the download stopped early: download the file again",
    });
  }
  if (end < size) throw new CheckpointError("unreferenced-bytes", `the last ${size - end} bytes of ${file} belong to no tensor`, AGAIN);
}

/** The tensor as the graph wants it: float32, float16 or bfloat16, of this shape. */
export function tensorRef(tensor: TensorEntry, shape: readonly number[]): TensorRef {
  const dtype = STORED[tensor.dtype];
  if (dtype === undefined) {
    throw new CheckpointError("unsupported-dtype", `tensor \`${tensor.name}\` of ${tensor.file} is stored as ${tensor.dtype}`, { notes: [`types that can be used: ${Object.keys(STORED).join(", ")}`] });
  }
  requireShape(tensor, shape);
  return { file: tensor.file, offset: tensor.offset, length: tensor.length, dtype, shape };
}

/** The same of bytes that hold packed numbers. */
export function packedRef(tensor: TensorEntry, shape: readonly number[], dtype: PackedRef["dtype"]): PackedRef {
  if (tensor.dtype !== "U8") throw new CheckpointError("unsupported-dtype", `tensor \`${tensor.name}\` of ${tensor.file} is stored as ${tensor.dtype}`, { help: "packed numbers are read from U8: use the files of the model's publisher" });
  requireShape(tensor, shape);
  return { file: tensor.file, offset: tensor.offset, length: tensor.length, dtype, shape };
}

export function requireShape(tensor: TensorEntry, shape: readonly number[]): void {
  if (tensor.shape.length === shape.length && tensor.shape.every((dim, at) => dim === shape[at])) return;
  throw new CheckpointError("shape-mismatch", `tensor \`${tensor.name}\` of ${tensor.file} has shape [${tensor.shape.join(", ")}]; the config asks for [${shape.join(", ")}]`, { help: "use files that belong together: download the whole folder again" });
}
