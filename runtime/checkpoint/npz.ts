/** Without this file the SAEs of Gemma Scope, numpy archives, could not be read. */
import { CheckpointError } from "./error.ts";
import { convertedCopy } from "./converted.ts";
import { firstBytes } from "./inflate.ts";
import { LARGEST_NPY_HEADER, parseNpyHeader, type NpyHeader } from "./npy_header.ts";
import type { TensorEntry, TensorFile } from "./safetensors.ts";
import { readZipDirectory, type ZipMember } from "./zip_directory.ts";

export interface NpyMember {
  readonly name: string;
  readonly member: ZipMember;
  readonly header: NpyHeader;
}

const WIDTH: Readonly<Record<string, bigint>> = { F64: 8n, F32: 4n, F16: 2n, I64: 8n, I32: 4n, U8: 1n, I8: 1n, BOOL: 1n };

/**
 * The arrays of an .npz. Stored little-endian arrays stay where they are, to be mapped at their offset; when one is deflated, big-endian
 * or a matrix of float64, the archive is converted once into a copy of ours, and a note says where it lies.
 * Errors: `broken-archive`, `path-outside-folder`, `invalid-tensor`, `unsupported-dtype`, `pickle-refused`.
 */
export async function readNpz(file: string): Promise<{ readonly weights: TensorFile; readonly notes: readonly string[] }> {
  const directory = await readZipDirectory(file);
  const arrays: NpyMember[] = [];
  for (const member of directory.members.values()) {
    if (!member.name.endsWith(".npy")) {
      if (/\.(pkl|pickle)$/.test(member.name)) throw new CheckpointError("pickle-refused", `\`${member.name}\` of ${file} is a pickle, which can run code when it is opened`, { help: "save the arrays again where you trust them, with numpy.savez" });
      continue;
    }
    const where = `\`${member.name}\` of ${file}`;
    const header = parseNpyHeader(await firstBytes(file, member, LARGEST_NPY_HEADER + 12), where);
    const needed = header.shape.reduce((product, size) => product * BigInt(size), WIDTH[header.dtype] as bigint) + BigInt(header.start);
    if (needed !== BigInt(member.size)) throw new CheckpointError("invalid-tensor", `${where} of type ${header.dtype} and shape [${header.shape.join(", ")}] needs ${needed} bytes and has ${member.size}`, { help: "download the file again" });
    arrays.push({ name: member.name.slice(0, -4), member, header });
  }
  if (arrays.some(needsCopy)) {
    const { weights, note } = await convertedCopy(directory, arrays);
    return { weights, notes: [note] };
  }
  const tensors = new Map(arrays.map((array) => [array.name, entryOf(file, array)]));
  return { weights: { file, size: directory.size, header: directory.bytes, start: 0, tensors }, notes: [] };
}

function needsCopy({ member, header }: NpyMember): boolean {
  const wide = header.dtype === "F64" && header.shape.length > 1;
  return member.deflated || wide || (header.bigEndian && WIDTH[header.dtype] !== 1n);
}

function entryOf(file: string, { name, member, header }: NpyMember): TensorEntry {
  return { name, file, dtype: header.dtype, shape: header.shape, offset: member.offset + header.start, length: member.size - header.start, columnMajor: header.fortran && header.shape.length > 1 };
}
