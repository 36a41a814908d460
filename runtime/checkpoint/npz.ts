/** Without this file the SAEs of Gemma Scope, numpy archives, could not be read. */
import { convertedCopy } from "./converted.ts";
import { CheckpointError } from "./error.ts";
import { firstBytes } from "./inflate.ts";
import { npyHeaderSize, NPY_START, parseNpyHeader } from "./npy_header.ts";
import { WIDTH, type NpyMember } from "./npy_member.ts";
import type { TensorEntry, TensorFile } from "./safetensors.ts";
import { readZipDirectory } from "./zip_directory.ts";

/**
 * The arrays of an .npz, by its directory and the headers of its members alone. Stored little-endian arrays stay where they are, to be mapped
 * at their offset; when one is deflated, big-endian or a matrix of float64, all of them lie in a copy of ours, and a note says where.
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
    const header = parseNpyHeader(await firstBytes(file, member, npyHeaderSize(await firstBytes(file, member, NPY_START))), where);
    const needed = header.shape.reduce((product, size) => product * BigInt(size), BigInt(WIDTH[header.dtype] as number)) + BigInt(header.start);
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
  return member.deflated || wide || (header.bigEndian && WIDTH[header.dtype] !== 1);
}

function entryOf(file: string, { name, member, header }: NpyMember): TensorEntry {
  return { name, file, dtype: header.dtype, shape: header.shape, offset: member.offset + header.start, length: member.size - header.start, columnMajor: header.fortran && header.shape.length > 1 };
}
