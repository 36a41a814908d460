/** Without this file the reader of .npz and the conversion of what it cannot map would each say anew what an array of an archive is. */
import type { NpyHeader } from "./npy_header.ts";
import type { ZipMember } from "./zip_directory.ts";

/** An array of an archive. */
export interface NpyMember {
  readonly name: string;
  readonly member: ZipMember;
  readonly header: NpyHeader;
}

/** Bytes of an element. */
export const WIDTH: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, I64: 8, I32: 4, U8: 1, I8: 1, BOOL: 1 };

/** Matrices of float64 are of no use to a graph in float32. */
export const storedType = (dtype: string): string => (dtype === "F64" ? "F32" : dtype);
