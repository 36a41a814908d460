/**
 * Without this file a value could be kept on disk only as text, and not come back bit for bit.
 *
 * One record of a segment (`segment.ts`), integers little-endian:
 *   0  u32  n, bytes of the structure: JSON in UTF-8, in which a typed array stands as {"$a": [type, offset, length]}, a set as {"$s": […]}, a map
 *           as {"$m": [[key, value], …]}, undefined as {"$u": 1}
 *           and a number that JSON lacks (NaN, ±infinity, −0) as {"$n": "…"}; functions are left out
 *   4  n    structure
 *      arrays, one after the other: their bytes in the order of the machine that JSON names as "$order": "LE" or "BE"
 */
import { endianness } from "node:os";

const TYPES = { Int32Array, Uint32Array, Uint8Array, Float32Array, Float64Array } as const;
type TypedName = keyof typeof TYPES;
const HEAD = 4;

export function encodeValue(value: unknown): Buffer {
  const arrays: Buffer[] = [];
  let offset = 0;
  const strip = (each: unknown): unknown => {
    if (ArrayBuffer.isView(each)) {
      const name = each.constructor.name;
      if (!Object.hasOwn(TYPES, name)) throw new Error(`an array of type ${name} has no place in a kept value`);
      const bytes = Buffer.from(each.buffer, each.byteOffset, each.byteLength);
      const placed = { $a: [name, offset, each.byteLength] };
      arrays.push(bytes);
      offset += bytes.length;
      return placed;
    }
    if (each instanceof Set) return { $s: [...each].map(strip) };
    if (each instanceof Map) return { $m: [...each].map(strip) };
    if (each === undefined) return { $u: 1 };
    if (Array.isArray(each)) return each.map(strip);
    if (typeof each === "number" && (!Number.isFinite(each) || Object.is(each, -0))) return { $n: Object.is(each, -0) ? "-0" : String(each) };
    if (typeof each === "object" && each !== null) return Object.fromEntries(Object.entries(each).filter(([, inner]) => typeof inner !== "function").map(([name, inner]) => [name, strip(inner)]));
    return each;
  };
  const structure = Buffer.from(JSON.stringify({ $order: endianness(), value: strip(value) }), "utf8");
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(structure.length);
  return Buffer.concat([head, structure, ...arrays]);
}

/** The value of bytes whose checksum was right; null where a machine of the other byte order wrote them. */
export function decodeValue(bytes: Buffer): unknown {
  const length = bytes.readUInt32LE(0);
  const body = bytes.subarray(HEAD);
  const { $order, value }: { readonly $order: string; readonly value: unknown } = JSON.parse(body.subarray(0, length).toString("utf8"));
  if ($order !== endianness()) return null;
  const fill = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(fill);
    if (typeof each !== "object" || each === null) return each;
    if ("$a" in each && Array.isArray(each.$a)) {
      const [name, offset, size] = each.$a as [TypedName, number, number];
      // A copy of its own: typed arrays want aligned memory.
      return new TYPES[name](Uint8Array.from(body.subarray(length + offset, length + offset + size)).buffer);
    }
    if ("$s" in each && Array.isArray(each.$s)) return new Set(each.$s.map(fill));
    if ("$m" in each && Array.isArray(each.$m)) return new Map(each.$m.map(fill) as [unknown, unknown][]);
    if ("$u" in each) return undefined;
    if ("$n" in each) return Number(each.$n);
    return Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, fill(inner)]));
  };
  return fill(value);
}
