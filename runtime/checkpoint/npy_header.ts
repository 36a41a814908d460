/** Without this file numpy's arrays could only be read by evaluating text as Python. */
import { CheckpointError } from "./error.ts";

/** What a .npy header says; `dtype` as safetensors names it. */
export interface NpyHeader {
  readonly dtype: string;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Bytes before the data. */
  readonly start: number;
}

// Format: numpy/lib/format.py, "Format Version 1.0", "2.0", "3.0".
const LARGEST_NPY_HEADER = 65_536;
/** So many bytes say how long a header is. */
export const NPY_START = 12;
const AGAIN = { help: "download the file again" };
const TYPES: Readonly<Record<string, string>> = { f2: "F16", f4: "F32", f8: "F64", i4: "I32", i8: "I64", u1: "U8", i1: "I8", b1: "BOOL" };
const TOKEN = /\s*(?:'([^'"\\\n]*)'|"([^'"\\\n]*)"|(True|False)|(\d{1,15})L?|([{}(),:[\]]))/y;

/** Bytes from the start of an array of which its header can be parsed; no more than the largest that is read, whatever these first bytes say. */
export function npyHeaderSize(start: Uint8Array): number {
  if (start.length < NPY_START) return NPY_START;
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  return Math.max(NPY_START, Math.min(start[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true), 12 + LARGEST_NPY_HEADER));
}

/**
 * The header of a .npy array of version 1, 2 or 3 from its first bytes (`LARGEST_NPY_HEADER` + 12 suffice). Only the literal that numpy
 * writes is understood: three keys, strings, True or False, a tuple of whole numbers. Arrays of Python objects are refused: they are pickles.
 */
export function parseNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  const fault = (what: string): CheckpointError => new CheckpointError("invalid-tensor", `${where} ${what}`, AGAIN);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY" || bytes[0] !== 0x93) throw fault("is not a numpy array");
  const version = bytes[6] as number;
  if (version < 1 || version > 3 || bytes[7] !== 0) throw fault(`is of version ${version}.${bytes[7]}; 1.0, 2.0 and 3.0 are read`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [prefix, length] = version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (length > LARGEST_NPY_HEADER) throw fault(`declares a header of ${length} bytes; at most ${LARGEST_NPY_HEADER} are read`);
  if (prefix + length > bytes.length) throw fault("ends within its header");
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(prefix, prefix + length));
  const found = literal(text);
  if (found === null) throw fault("has a header that is not the literal numpy writes");
  const { descr, fortran, shape } = found;
  if (descr.includes("O")) throw new CheckpointError("pickle-refused", `${where} holds Python objects, a pickle, which can run code when it is opened`, { help: 'save it again where you trust it: numpy.savez("params.npz", **{name: array.astype("float32") for name, array in arrays.items()})' });
  const type = /^([<>|=])([a-z]\d+)$/.exec(descr);
  const dtype = type === null ? undefined : TYPES[type[2] as string];
  if (dtype === undefined) {
    throw new CheckpointError("unsupported-dtype", `${where} is stored as ${JSON.stringify(descr)}`, {
      notes: /V2$/.test(descr) ? ["numpy writes bfloat16 as bytes without a type (V2)"] : [],
      help: 'save it as float32: numpy.savez("params.npz", **{name: array.astype("float32") for name, array in arrays.items()})',
    });
  }
  return { dtype, bigEndian: type?.[1] === ">", fortran, shape, start: prefix + length };
}

interface Literal {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, in any order of keys; null for anything else. A structured descr reads as "[". */
function literal(text: string): Literal | null {
  const tokens: (string | boolean | number | { readonly sign: string })[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (match === null || tokens.length > 4096) return null;
    const [, single, double, flag, digits, sign] = match;
    tokens.push(single ?? double ?? (flag !== undefined ? flag === "True" : digits !== undefined ? Number(digits) : { sign: sign as string }));
  }
  let at = 0;
  const takes = (sign: string): boolean => {
    const token = tokens[at];
    if (typeof token !== "object" || token.sign !== sign) return false;
    at += 1;
    return true;
  };
  const found = new Map<string, string | boolean | readonly number[]>();
  if (!takes("{")) return null;
  while (!takes("}")) {
    const key = tokens[at];
    at += 1;
    if (typeof key !== "string" || found.has(key) || !takes(":")) return null;
    const value = tokens[at];
    if (key === "descr" && typeof value === "object" && value.sign === "[") return { descr: "[", fortran: false, shape: [] };
    if (typeof value === "string" || typeof value === "boolean") {
      found.set(key, value);
      at += 1;
    } else if (takes("(")) {
      const shape: number[] = [];
      while (!takes(")")) {
        const size = tokens[at];
        if (typeof size !== "number") return null;
        shape.push(size);
        at += 1;
        if (!takes(",") && !(typeof tokens[at] === "object" && (tokens[at] as { sign: string }).sign === ")")) return null;
      }
      found.set(key, shape);
    } else return null;
    if (!takes(",") && !(typeof tokens[at] === "object" && (tokens[at] as { sign: string }).sign === "}")) return null;
  }
  const [descr, fortran, shape] = [found.get("descr"), found.get("fortran_order"), found.get("shape")];
  if (at !== tokens.length || found.size !== 3 || typeof descr !== "string" || typeof fortran !== "boolean" || !Array.isArray(shape)) return null;
  return { descr, fortran, shape: shape as readonly number[] };
}
