/** Without this file the members of .npz and .pt archives could not be found without unpacking what may be a bomb. */
import { openBytes, type Bytes } from "./bytes.ts";
import { CheckpointError } from "./error.ts";
import { refusePlaceholder } from "./safetensors.ts";

/** A member where it lies: `size` bytes once unpacked, `packed` in the file from `offset` on. */
export interface ZipMember {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc: number;
  readonly offset: number;
  readonly packed: number;
  readonly size: number;
}

export interface ZipDirectory {
  readonly file: string;
  readonly size: number;
  /** The central directory's bytes: names, sizes and checksums of everything. */
  readonly bytes: Uint8Array;
  readonly members: ReadonlyMap<string, ZipMember>;
}

// Format: PKWARE APPNOTE.TXT 6.3.10, §4.3.7 (local header), §4.3.12 (central header), §4.3.14–16 (end records), §4.5.3 (zip64).
/** Names, sizes and checksums of the arrays of a checkpoint. */
const USUAL_DIRECTORY = 2 ** 20;
/** Weights do not shrink a hundredfold; what does is a bomb. Small members may be all zeros. */
const LARGEST_RATIO = 100;
const SMALL = 2 ** 20;
/** Bytes of all members that are not looked at either. */
const SMALL_TOGETHER = 16 * SMALL;
const AGAIN = { help: "download the file again" };
const SYMLINK = 0xa000;
/** What stands in a field of four bytes whose number is in the zip64 record. */
const WIDE = 0xffff_ffff;

function broken(file: string, what: string): CheckpointError {
  return new CheckpointError("broken-archive", `${file} ${what}`, AGAIN);
}

/**
 * The directory of a zip archive, checked: nothing encrypted, no method but "stored" and "deflated", no name twice, no name that leaves
 * the archive, no link, no overlap, no bomb. Reads its directory, of at most so many bytes, and the headers of its members, and allocates only after sizes
 * are checked. Nothing is ever extracted.
 */
export async function readZipDirectory(file: string, largest: number = USUAL_DIRECTORY): Promise<ZipDirectory> {
  const source = await openBytes(file);
  const { size } = source;
  try {
    refusePlaceholder(file, await source.read(0, Math.min(size, 512)));
    const { count, offset, length } = await endRecord(source, file, largest);
    const bytes = await source.read(offset, length);
    const entries = centralEntries(file, bytes, count, offset);
    const members = new Map<string, ZipMember>();
    const ends: { readonly from: number; readonly to: number; readonly name: string }[] = [];
    for (const entry of entries) {
      const start = await dataStart(source, file, entry, offset);
      if (start + entry.packed > offset) throw broken(file, `holds the member \`${entry.name}\` past the start of its directory`);
      members.set(entry.name, { name: entry.name, deflated: entry.deflated, crc: entry.crc, offset: start, packed: entry.packed, size: entry.size });
      ends.push({ from: entry.header, to: start + entry.packed, name: entry.name });
    }
    ends.sort((a, b) => a.from - b.from);
    ends.forEach((each, i) => {
      const before = ends[i - 1];
      if (before !== undefined && before.to > each.from) throw broken(file, `holds the members \`${before.name}\` and \`${each.name}\` over one another`);
    });
    return { file, size, bytes, members };
  } finally {
    await source.close();
  }
}

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly length: number;
}

async function endRecord(source: Bytes, file: string, largest: number): Promise<Directory> {
  const { size } = source;
  const tail = await source.read(Math.max(0, size - 65_557), Math.min(size, 65_557));
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  let at = tail.length - 22;
  while (at >= 0 && !(view.getUint32(at, true) === 0x0605_4b50 && at + 22 + view.getUint16(at + 20, true) === tail.length)) at -= 1;
  if (at < 0) throw broken(file, "is not a zip archive, or its end is missing");
  const narrow = { count: view.getUint16(at + 10, true), length: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) };
  const wide = at >= 20 && view.getUint32(at - 20, true) === 0x0706_4b50;
  const found = wide ? await wideEnd(source, file, Number(view.getBigUint64(at - 12, true))) : narrow;
  // Other programs read the one or the other: they have to find the same members.
  const two = (narrow.count !== 0xffff && narrow.count !== found.count) || (narrow.length !== WIDE && narrow.length !== found.length) || (narrow.offset !== WIDE && narrow.offset !== found.offset);
  if (two) throw broken(file, "has two ends that speak of different members");
  if (found.length > largest) throw broken(file, `declares a directory of ${found.length} bytes; at most ${largest} are read`);
  if (found.offset + found.length > size) throw broken(file, `has ${size} bytes, and its directory would end at ${found.offset + found.length}`);
  return found;
}

async function wideEnd(source: Bytes, file: string, offset: number): Promise<Directory> {
  if (!Number.isSafeInteger(offset) || offset + 56 > source.size) throw broken(file, "points past its end for its directory");
  const bytes = await source.read(offset, 56);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== 0x0606_4b50) throw broken(file, "has a damaged end record");
  const number = (place: number): number => Number(view.getBigUint64(place, true));
  const found = { count: number(32), length: number(40), offset: number(48) };
  if (!Object.values(found).every(Number.isSafeInteger)) throw broken(file, "has a damaged end record");
  return found;
}

interface Entry extends Omit<ZipMember, "offset"> {
  readonly header: number;
}

function centralEntries(file: string, bytes: Uint8Array, count: number, limit: number): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = 0;
  while (at < bytes.length) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x0201_4b50) throw broken(file, "has a damaged directory");
    const [nameLength, extraLength, commentLength] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > bytes.length) throw broken(file, "has a damaged directory");
    const name = memberName(file, bytes.subarray(at + 46, at + 46 + nameLength));
    if (names.has(name)) throw broken(file, `holds the member \`${name}\` twice`);
    names.add(name);
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw broken(file, `holds the encrypted member \`${name}\``);
    const method = view.getUint16(at + 10, true);
    if (method !== 0 && method !== 8) throw broken(file, `packs the member \`${name}\` with method ${method}; 0 (stored) and 8 (deflated) are read`);
    if (((view.getUint32(at + 38, true) >>> 16) & 0xf000) === SYMLINK) throw broken(file, `holds the link \`${name}\``);
    const sizes = wideSizes(view, at, at + 46 + nameLength, extraLength);
    if (sizes === null || !Object.values(sizes).every(Number.isSafeInteger) || sizes.header >= limit) throw broken(file, `gives the member \`${name}\` sizes that cannot be`);
    if (method === 0 && sizes.packed !== sizes.size) throw broken(file, `gives the stored member \`${name}\` two sizes`);
    if (sizes.size > SMALL && sizes.size / LARGEST_RATIO > sizes.packed) throw broken(file, `declares that ${sizes.packed} bytes of \`${name}\` unpack to ${sizes.size}, which weights do not`);
    entries.push({ name, deflated: method === 8, crc: view.getUint32(at + 16, true), ...sizes });
    at = next;
  }
  if (entries.length !== count) throw broken(file, `declares ${count} members and lists ${entries.length}`);
  refuseBomb(file, entries);
  return entries;
}

/** Members that are small, or packed as well as one may be, must not make a bomb together. */
function refuseBomb(file: string, entries: readonly Entry[]): void {
  const [size, packed] = [entries.reduce((sum, each) => sum + each.size, 0), entries.reduce((sum, each) => sum + each.packed, 0)];
  if (size > SMALL_TOGETHER && size / LARGEST_RATIO > packed) throw broken(file, `declares that ${packed} bytes of ${entries.length} members unpack to ${size}, which weights do not`);
}

/** Sizes and the place of the local header; those that do not fit are in the zip64 extra field, in this order. */
function wideSizes(view: DataView, at: number, extra: number, extraLength: number): { readonly size: number; readonly packed: number; readonly header: number } | null {
  const narrow = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), header: view.getUint32(at + 42, true) };
  for (let place = extra; place + 4 <= extra + extraLength; ) {
    const length = view.getUint16(place + 2, true);
    if (place + 4 + length > extra + extraLength) return null;
    if (view.getUint16(place, true) === 1) {
      let from = place + 4;
      const wide = (value: number): number => {
        if (value !== WIDE) return value;
        from += 8;
        return from > place + 4 + length ? NaN : Number(view.getBigUint64(from - 8, true));
      };
      return { size: wide(narrow.size), packed: wide(narrow.packed), header: wide(narrow.header) };
    }
    place += 4 + length;
  }
  return narrow;
}

function memberName(file: string, bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw broken(file, "holds a member whose name is not UTF-8");
  }
  const outside = name === "" || name.startsWith("/") || name.includes("\\") || name.includes("\0") || name.includes(":") || name.split("/").includes("..");
  if (outside) throw new CheckpointError("path-outside-folder", `${file} holds a member named ${JSON.stringify(name)}`, { notes: ["an archive may not reach into the rest of the disk"], help: "download it again from its publisher" });
  return name;
}

/** Where a member's data begin: behind its local header, which must name the same member. */
async function dataStart(source: Bytes, file: string, entry: Entry, limit: number): Promise<number> {
  const name = new TextEncoder().encode(entry.name);
  const needed = 30 + name.length;
  if (entry.header + needed > limit) throw broken(file, `holds the member \`${entry.name}\` past the start of its directory`);
  const bytes = await source.read(entry.header, needed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const same = view.getUint32(0, true) === 0x0403_4b50 && view.getUint16(26, true) === name.length && name.every((byte, i) => bytes[30 + i] === byte);
  if (!same) throw broken(file, `lists the member \`${entry.name}\` where another lies`);
  return entry.header + needed + view.getUint16(28, true);
}
