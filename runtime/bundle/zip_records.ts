/** Without this file an archive could not say where its members lie once they are past the fourth gigabyte. */

/** A member that was written, as the directory lists it. */
export interface WrittenMember extends MemberHead {
  readonly crc: number;
  /** Bytes in the archive, and once unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** What is known of a member before its bytes are. */
export interface MemberHead {
  readonly name: string;
  readonly deflated: boolean;
  /** Its sizes take eight bytes: they do not fit into four, or may not. */
  readonly wide: boolean;
}

/** From this on a number does not fit into its field of four bytes, which says so by being this. */
export const WIDE = 0xffff_ffff;
const WIDE_COUNT = 0xffff;

// Format: PKWARE APPNOTE.TXT 6.3.10, §4.3.7 (local header), §4.3.9 (data descriptor), §4.3.12 (central header), §4.3.14–16 (end records), §4.5.3 (zip64).
const VERSION = 20;
const VERSION_WIDE = 45;
const UNIX = 3;
const SIZES_FOLLOW = 1 << 3;
const NAME_IS_UTF8 = 1 << 11;
/** The first of January 1980, the earliest that can be said; a bundle has no time of its own. */
const DATE = (1 << 5) | 1;
const ORDINARY_FILE = 0o100644;

/** Little-endian numbers of these many bytes, one after the other; and bytes as they are. */
function bytesOf(...fields: readonly (readonly [value: number, width: 2 | 4 | 8] | Uint8Array)[]): Buffer {
  return Buffer.concat(fields.map((field) => {
    if (field instanceof Uint8Array) return field;
    const [value, width] = field;
    const bytes = Buffer.alloc(width);
    if (width === 8) bytes.writeBigUInt64LE(BigInt(value));
    else bytes.writeUIntLE(value, 0, width);
    return bytes;
  }));
}

/** What local and central header have in common: version, flags, method and time. */
function common({ name, deflated }: MemberHead, wide: boolean): readonly (readonly [number, 2])[] {
  const utf8 = Buffer.byteLength(name) === name.length ? 0 : NAME_IS_UTF8;
  return [[wide ? VERSION_WIDE : VERSION, 2], [SIZES_FOLLOW | utf8, 2], [deflated ? 8 : 0, 2], [0, 2], [DATE, 2]];
}

/** The zip64 extra field with these numbers; none without any. */
function wideField(numbers: readonly number[]): Buffer {
  return numbers.length === 0 ? Buffer.alloc(0) : bytesOf([1, 2], [8 * numbers.length, 2], ...numbers.map((number) => [number, 8] as const));
}

/** What stands before a member's bytes; checksum and sizes stand behind them. */
export function localHeader(head: MemberHead): Buffer {
  const name = Buffer.from(head.name);
  const extra = wideField(head.wide ? [0, 0] : []);
  const size = head.wide ? WIDE : 0;
  return bytesOf([0x0403_4b50, 4], ...common(head, head.wide), [0, 4], [size, 4], [size, 4], [name.length, 2], [extra.length, 2], name, extra);
}

/** What stands behind a member's bytes. */
export function dataDescriptor({ crc, packed, size, wide }: Pick<WrittenMember, "crc" | "packed" | "size" | "wide">): Buffer {
  const width = wide ? 8 : 4;
  return bytesOf([0x0807_4b50, 4], [crc, 4], [packed, width], [size, width]);
}

/** The directory and what ends the archive. `at`: where it begins. `wideFrom`: numbers from this on take eight bytes. */
export function directory(members: readonly WrittenMember[], at: number, wideFrom: number = WIDE): Buffer {
  const headers = Buffer.concat(members.map((member) => centralHeader(member, wideFrom)));
  const [count, length] = [members.length, headers.length];
  const wide = count >= Math.min(WIDE_COUNT, wideFrom) || length >= wideFrom || at >= wideFrom;
  const narrow = (value: number, most: number): number => (value >= Math.min(most, wideFrom) ? most : value);
  const counted = [narrow(count, WIDE_COUNT), 2] as const;
  const end = bytesOf([0x0605_4b50, 4], [0, 2], [0, 2], counted, counted, [narrow(length, WIDE), 4], [narrow(at, WIDE), 4], [0, 2]);
  return wide ? Buffer.concat([headers, wideEnd(count, length, at), end]) : Buffer.concat([headers, end]);
}

function centralHeader(member: WrittenMember, wideFrom: number): Buffer {
  const name = Buffer.from(member.name);
  // Those that do not fit, in this order. Sizes of eight bytes behind the data are announced here for those who read the directory alone.
  const far = member.at >= wideFrom;
  const extra = wideField([...(member.wide ? [member.size, member.packed] : []), ...(far ? [member.at] : [])]);
  const wide = member.wide || far;
  const [packed, size] = member.wide ? [WIDE, WIDE] : [member.packed, member.size];
  const madeBy = (UNIX << 8) | (wide ? VERSION_WIDE : VERSION);
  return bytesOf(
    [0x0201_4b50, 4], [madeBy, 2], ...common(member, wide), [member.crc, 4], [packed, 4], [size, 4], [name.length, 2], [extra.length, 2],
    // No comment, the first disk, no text.
    [0, 2], [0, 2], [0, 2], [(ORDINARY_FILE << 16) >>> 0, 4], [far ? WIDE : member.at, 4], name, extra,
  );
}

/** The zip64 end record and what leads to it. */
function wideEnd(count: number, length: number, at: number): Buffer {
  const record = bytesOf([0x0606_4b50, 4], [44, 8], [(UNIX << 8) | VERSION_WIDE, 2], [VERSION_WIDE, 2], [0, 4], [0, 4], [count, 8], [count, 8], [length, 8], [at, 8]);
  return bytesOf(record, [0x0706_4b50, 4], [0, 4], [at + length, 8], [1, 4]);
}
