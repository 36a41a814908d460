/**
 * Without this file a loop that needs vectors would have to be native code, or could not be written.
 *
 * Just enough of the WebAssembly binary format (core specification 3.0, §5) for a module with one memory of the host's and one function.
 */

/** Bytes of one instruction or of many. */
export type Code = readonly number[];

/** Unsigned LEB128 (§5.2.2). */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Signed LEB128, of values that fit in 32 bits. */
function signed(value: number): Code {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const done = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** Value types (§5.3.1, §5.3.2). */
const TYPES = { i32: 0x7f, v128: 0x7b } as const;
export type Type = keyof typeof TYPES;

const vector = (opcode: number, ...immediates: Code): Code => [0xfd, ...unsigned(opcode), ...immediates];

/** Instructions by their names in the text format; operands come before them. Loads and stores count on addresses of multiples of their size. */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const i32Const = (value: number): Code => [0x41, ...signed(value)];
export const i32Load = (offset: number): Code => [0x28, 2, ...unsigned(offset)];
export const i32Store = (offset: number): Code => [0x36, 2, ...unsigned(offset)];
export const i32Add: Code = [0x6a];
export const i32ShiftLeft: Code = [0x74];
/** Unsigned. */
export const i32ShiftRight: Code = [0x76];
export const i32LessUnsigned: Code = [0x49];
export const i32IsZero: Code = [0x45];
export const select: Code = [0x1b];
export const v128Load = (offset: number): Code => vector(0x00, 2, ...unsigned(offset));
/** Eight bytes into the lower half, zeros above. */
export const v128LoadHalf = (offset: number): Code => vector(0x5d, 2, ...unsigned(offset));
/** Four bytes into all four lanes. */
export const v128LoadSplat = (offset: number): Code => vector(0x09, 2, ...unsigned(offset));
export const v128Store = (offset: number): Code => vector(0x0b, 2, ...unsigned(offset));
export const v128Zero: Code = vector(0x0c, ...new Array<number>(16).fill(0));
export const v128And: Code = vector(0x4e);
export const v128Or: Code = vector(0x50);
/** One number in all four lanes. */
export const i32x4Splat: Code = vector(0x11);
export const i32x4Add: Code = vector(0xae);
/** The larger of each lane's two, signed. */
export const i32x4Most: Code = vector(0xb8);
/** All bits of a lane where the first is no less than the second, signed. */
export const i32x4AtLeast: Code = vector(0x3f);
/** 1 where any bit is set. */
export const anyTrue: Code = vector(0x53);
export const f32x4Add: Code = vector(0xe4);
/** a · b + c, rounded once where the processor can, and twice where it cannot: to be tried before it is trusted. */
export const f32x4RelaxedMultiplyAdd: Code = vector(0x105);

/** Lanes of `size` bytes by number: of the first operand, and on through the second. */
export const shuffle = (size: number, ...lanes: readonly number[]): Code => vector(0x0d, ...lanes.flatMap((lane) => Array.from({ length: size }, (_, byte) => size * lane + byte)));

/** Run `body` again while the condition, which it leaves on the stack, is not 0. */
export const repeatWhile = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b];

export const whenElse = (condition: Code, then: Code, otherwise: Code): Code => [...condition, 0x04, 0x40, ...then, 0x05, ...otherwise, 0x0b];

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const text = (value: string): Code => list(Array.from(value, (letter) => [letter.charCodeAt(0)]));

/** A module that imports `host.memory` (pages of 64 KiB) and exports the function `name`, of i32 parameters and no result. Locals follow the parameters. */
export function wasmModule(name: string, parameters: number, locals: readonly Type[], body: Code): Uint8Array<ArrayBuffer> {
  const code: Code = [...list(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list(new Array<Code>(parameters).fill([TYPES.i32])), 0]])),
    ...section(2, list([[...text("host"), ...text("memory"), 0x02, 0x00, 1]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...text(name), 0x00, 0]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}
