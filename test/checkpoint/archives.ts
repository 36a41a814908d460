/** Without this file tests of archives could only be as broken as numpy and torch make them. */
import { crc32, deflateRawSync } from "node:zlib";

export interface Member {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** What the directory and the local header say instead of the truth. */
  readonly size?: number;
  readonly packed?: number;
  readonly method?: number;
  readonly flags?: number;
  readonly mode?: number;
  readonly crc?: number;
  readonly localName?: string;
  /** Where the directory says that the member begins. */
  readonly at?: number;
}

/** What the end of an archive says instead of the truth. */
interface End {
  readonly count?: number;
  readonly directorySize?: number;
  readonly offset?: number;
}

/** A zip archive of these members, lies included. `wide`: sizes and places, and the end, as zip64, even where four bytes would do; with these numbers in the narrow end. */
export function zip(members: readonly Member[], change: End & { readonly wide?: boolean; readonly narrowEnd?: End } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const packed = member.deflate === true ? deflateRawSync(member.content) : Buffer.from(member.content);
    const [name, localName] = [Buffer.from(member.name), Buffer.from(member.localName ?? member.name)];
    const method = member.method ?? (member.deflate === true ? 8 : 0);
    const wide = change.wide === true ? Buffer.alloc(28) : Buffer.alloc(0);
    if (change.wide === true) {
      wide.writeUInt16LE(1, 0);
      wide.writeUInt16LE(24, 2);
      [member.size ?? member.content.length, member.packed ?? packed.length, member.at ?? offset].forEach((value, i) => wide.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
    }
    const fields = (into: Buffer, at: number): void => {
      into.writeUInt16LE(member.flags ?? 0, at);
      into.writeUInt16LE(method, at + 2);
      into.writeUInt32LE(member.crc ?? crc32(member.content), at + 8);
      into.writeUInt32LE(change.wide === true ? 0xffff_ffff : (member.packed ?? packed.length), at + 12);
      into.writeUInt32LE(change.wide === true ? 0xffff_ffff : (member.size ?? member.content.length), at + 16);
    };
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x0403_4b50, 0);
    fields(local, 6);
    local.writeUInt16LE(localName.length, 26);
    local.writeUInt16LE(wide.length, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x0201_4b50, 0);
    fields(central, 8);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(wide.length, 30);
    central.writeUInt32LE(((member.mode ?? 0) << 16) >>> 0, 38);
    central.writeUInt32LE(change.wide === true ? 0xffff_ffff : (member.at ?? offset), 42);
    directory.push(central, name, wide);
    parts.push(local, localName, wide, packed);
    offset += 30 + localName.length + wide.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const said = { count: change.count ?? members.length, directorySize: change.directorySize ?? listed.length, offset: change.offset ?? offset };
  const narrow = change.wide === true ? { count: 0xffff, directorySize: 0xffff_ffff, offset: 0xffff_ffff, ...change.narrowEnd } : said;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(narrow.count, 8);
  end.writeUInt16LE(narrow.count, 10);
  end.writeUInt32LE(narrow.directorySize, 12);
  end.writeUInt32LE(narrow.offset, 16);
  return Buffer.concat([...parts, listed, ...(change.wide === true ? wideEnd(said, offset + listed.length) : []), end]);
}

/** The zip64 end record and its locator, for an archive in which the record begins at `at`. */
function wideEnd({ count, directorySize, offset }: Required<End>, at: number): readonly Buffer[] {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x0606_4b50, 0);
  record.writeBigUInt64LE(44n, 4);
  [count, count, directorySize, offset].forEach((value, i) => record.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x0706_4b50, 0);
  locator.writeBigUInt64LE(BigInt(at), 8);
  locator.writeUInt32LE(1, 16);
  return [record, locator];
}

/** A .npy array whose header is this text. */
export function npyText(header: string, data: Uint8Array, version = 1): Buffer {
  const text = Buffer.from(header, version === 3 ? "utf8" : "latin1");
  const start = Buffer.alloc(version === 1 ? 10 : 12);
  start.write("\u0093NUMPY", "latin1");
  start[6] = version;
  if (version === 1) start.writeUInt16LE(text.length, 8);
  else start.writeUInt32LE(text.length, 8);
  return Buffer.concat([start, text, data]);
}

/** A .npy array as numpy writes it; `pad` shifts where its data lie. */
export function npy(values: Float32Array, shape: readonly number[], { descr = "<f4", fortran = false, version = 1, pad = 0 } = {}): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }${" ".repeat(pad)}\n`;
  return npyText(text, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), version);
}

/** The five arrays of a Gemma Scope SAE with d 2 and m 3. */
export function gemmaArrays(change: Readonly<Record<string, Buffer | null>> = {}, threshold: readonly number[] = [0.1, 0.2, 0.3]): readonly Member[] {
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => 0.25 * (i + 1));
  const arrays: Record<string, Buffer | null> = {
    W_enc: npy(ramp(6), [2, 3]), W_dec: npy(ramp(6), [3, 2]), b_enc: npy(ramp(3), [3]), b_dec: npy(ramp(2), [2]), threshold: npy(Float32Array.from(threshold), [threshold.length]), ...change,
  };
  return Object.entries(arrays).flatMap(([name, content]) => (content === null ? [] : [{ name: `${name}.npy`, content }]));
}

/** A file of torch.save with these tensors of float32, as torch writes it. */
export function torchFile(tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array; readonly stride?: readonly number[] }>>): Buffer {
  const bytes = (...parts: readonly (number | string)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part, "latin1"))));
  const uint32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
  const text = (value: string): Buffer => Buffer.concat([bytes("X"), uint32(value.length), bytes(value)]);
  const int = (value: number): Buffer => Buffer.concat([bytes("J"), uint32(value)]);
  const tuple = (items: readonly Buffer[]): Buffer => Buffer.concat([bytes("("), ...items, bytes("t")]);
  const entries = Object.entries(tensors).map(([name, { shape, values, stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1)) }], at) => {
    const storage = Buffer.concat([tuple([text("storage"), bytes("ctorch\nFloatStorage\n"), text(String(at)), text("cpu"), int(values.length)]), bytes("Q")]);
    const args = tuple([storage, int(0), tuple(shape.map(int)), tuple(stride.map(int)), bytes(0x89), bytes("ccollections\nOrderedDict\n)R")]);
    return Buffer.concat([text(name), bytes("ctorch._utils\n_rebuild_tensor_v2\n"), args, bytes("R")]);
  });
  const pickle = Buffer.concat([bytes(0x80, 2, "}("), ...entries, bytes("u.")]);
  const storages = Object.values(tensors).map(({ values }, at) => ({ name: `archive/data/${at}`, content: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }));
  return zip([{ name: "archive/data.pkl", content: pickle }, { name: "archive/byteorder", content: Buffer.from("little") }, ...storages]);
}
