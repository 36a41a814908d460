/** Without this file nobody could say which characters of a text a token stands for. */
import type { Tokenizer } from "./tokenizer.ts";
import { folded, isSpace, walk } from "./respelt.ts";

/** So far behind the last token that was found the next one is sought, in UTF-16 units, for each token that was not. */
const SEEN_AHEAD = 256;
const MOST_AHEAD = 4096;
/** So many units may be of characters that there is no token for at all. */
const PASSED_OVER = 16;

/** So many places are looked at in all for each unit of a text: tokens that are nowhere in it are not sought for ever. */
const LOOKS = 8;

/** Where the tokens of one text end in it, told one after the other. */
export interface Places {
  put(id: number): void;
  /** How much of the text the tokens so far stand for, in UTF-16 units. */
  readonly reached: number;
  /** UTF-16 units of the text before the end of each token, ascending. Nothing is put afterwards. */
  ends(): Uint32Array;
}

/**
 * The places of tokens as they come. Exact where tokens spell the text as it is, byte by byte; where a tokenizer reads it otherwise (normal forms, lower case, spaces put in or
 * left out) as `walk` finds it, and an unknown token stands for what lies before the next one that is found. A character that several tokens spell is of the first of them.
 */
export function placesIn(text: string, { piece, bytes, specialIds }: Pick<Tokenizer, "piece" | "bytes" | "specialIds">): Places {
  const source = text.toWellFormed();
  const seek = seekIn(source);
  let ends = new Uint32Array(16 + (Math.min(4096, source.length) >> 2));
  let count = 0;
  /** Where the next token begins; of how many tokens before it nobody knows the end; what of a character of the source is still to be spelt. */
  let [at, lost, owed] = [0, 0, ""];
  /** Bytes of characters that are not whole yet, and where the tokens among them end. */
  let held: number[] = [];
  let marks: number[] = [];

  const end = (place: number): void => {
    if (count === ends.length) {
      const more = new Uint32Array(2 * count);
      more.set(ends);
      ends = more;
    }
    ends[count++] = place;
  };
  const find = (spelt: string, cuts: readonly number[], special: boolean): void => {
    const here = lost === 0 ? walk(source, spelt, at, owed) : null;
    // An unknown token is special, and its name is in no text.
    const found = here ?? (special ? null : seek(spelt, at, lost === 0 ? PASSED_OVER : Math.min(MOST_AHEAD, SEEN_AHEAD * lost)));
    if (found === null) {
      lost += cuts.length;
      for (const _ of cuts) end(at);
      return;
    }
    // The first of those that were lost has all that lies between.
    for (let back = 1; back <= lost; back++) ends[count - back] = found.places[0]!;
    lost = 0;
    owed = found.owed;
    for (const cut of cuts) end(outsidePair(source, found.places[cut]!));
    at = found.places.at(-1)!;
  };
  return {
    put: (id) => {
      const own = bytes(id);
      if (own === null && held.length === 0) {
        const spelt = piece(id);
        if (lost === 0 && owed === "" && source.startsWith(spelt, at)) end((at += spelt.length));
        else find(spelt, [spelt.length], specialIds.has(id));
        return;
      }
      for (const byte of own ?? Buffer.from(piece(id))) held.push(byte);
      marks.push(held.length);
      if (!isWhole(held)) return;
      const [read, ended] = [held, marks];
      [held, marks] = [[], []];
      const spelt = Buffer.from(read).toString("utf8");
      find(spelt, ended.map((mark) => begunBefore(spelt, mark)), false);
    },
    get reached() {
      return at;
    },
    ends: () => {
      for (const _ of marks) end(at);
      marks = [];
      return ends.subarray(0, count);
    },
  };
}

/** Whether bytes of UTF-8 do not end within a character. What is no UTF-8 at all is as whole as it will be. */
function isWhole(bytes: readonly number[]): boolean {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return true;
    if (byte >= 0xc0) return back >= (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2);
  }
  return true;
}

/** UTF-16 units of the characters that begin before this many bytes. */
function begunBefore(text: string, bytes: number): number {
  let units = 0;
  let byte = 0;
  for (const character of text) {
    if (byte >= bytes) break;
    units += character.length;
    byte += Buffer.byteLength(character);
  }
  return units;
}

/** Finds the first place behind `from` where something is spelt: a word that begins there, where it begins with a space. */
function seekIn(source: string): (spelt: string, from: number, ahead: number) => ReturnType<typeof walk> {
  let left = LOOKS * source.length;
  const firsts = new Map<string, string>();
  const first = (character: string): string => {
    const known = firsts.get(character) ?? folded(character).slice(0, 1);
    firsts.set(character, known);
    return known;
  };
  return (spelt, from, ahead) => {
    const word = spelt.trimStart();
    if (word === "") return null;
    const wanted = first(String.fromCodePoint(word.codePointAt(0)!));
    for (let at = from; at <= Math.min(source.length, from + ahead) && left > 0; at++) {
      left--;
      const there = source[at] ?? "";
      const begins = first(there);
      if ((begins !== "" && wanted !== "" && begins !== wanted && there.charCodeAt(0) < 0xd800) || isSpace(there)) continue;
      if (word !== spelt && /[\p{L}\p{N}]/u.test(there) && /[\p{L}\p{N}]/u.test(source[at - 1] ?? " ")) continue;
      const found = walk(source, word, at, "");
      // The space before a word is its own, where it has one.
      const start = at > from && isSpace(source[at - 1]!) ? at - 1 : at;
      if (found !== null && found.skipped === 0) return { ...found, places: [...new Array<number>(spelt.length - word.length).fill(start), ...found.places] };
    }
    return null;
  };
}

const outsidePair = (source: string, at: number): number => (/[\udc00-\udfff]/.test(source[at] ?? "") && /[\ud800-\udbff]/.test(source[at - 1] ?? "") ? at + 1 : at);
