/** Without this file each kind of vocabulary would be called in a way of its own. */
import type { JsonObject } from "../strict_json.ts";

/** What makes ids of a word. */
export interface TextModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** A long word in parts that give the ids of the whole, or as it is where none are known. */
  apart(word: string): Iterable<string>;
  /** Throws where the vocabulary has no id for what it cannot read. */
  tokenize(word: string): readonly number[];
}

/** A word that has to be read as one. */
export const whole = (word: string): Iterable<string> => [word];

/** Ids of a text's bytes, `<0x0A>` and the like; null where the vocabulary lacks one of them. */
export function byteNames(vocabulary: ReadonlyMap<string, number>): (text: string) => readonly number[] | null {
  const ids = Array.from({ length: 256 }, (_, byte) => vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`));
  return (text) => {
    const named = Array.from(Buffer.from(text), (byte) => ids[byte]);
    return named.includes(undefined) ? null : (named as readonly number[]);
  };
}

/** The longest tokens from the left, or one unknown token for a word that they do not make up (`models/wordpiece/mod.rs`). */
export function wordPiece(model: JsonObject): TextModel {
  const vocabulary = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const prefix = typeof model["continuing_subword_prefix"] === "string" ? model["continuing_subword_prefix"] : "##";
  const most = typeof model["max_input_chars_per_word"] === "number" ? model["max_input_chars_per_word"] : 100;
  const unknown = vocabulary.get(typeof model["unk_token"] === "string" ? model["unk_token"] : "[UNK]");
  const none = (): readonly number[] => {
    if (unknown === undefined) throw new Error("a word is unknown, and its vocabulary has no token for one");
    return [unknown];
  };
  return {
    vocabulary,
    apart: whole,
    tokenize(word) {
      const characters = Array.from(word);
      if (characters.length > most) return none();
      const ids: number[] = [];
      for (let start = 0; start < characters.length; ) {
        let end = characters.length;
        let id: number | undefined;
        for (; end > start; end -= 1) {
          id = vocabulary.get(`${start > 0 ? prefix : ""}${characters.slice(start, end).join("")}`);
          if (id !== undefined) break;
        }
        if (id === undefined) return none();
        ids.push(id);
        start = end;
      }
      return ids;
    },
  };
}

/** One token for a word that is one, else the unknown one (`models/wordlevel/mod.rs`). */
export function wordLevel(model: JsonObject): TextModel {
  const vocabulary = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const unknown = vocabulary.get(typeof model["unk_token"] === "string" ? model["unk_token"] : "<unk>");
  return {
    vocabulary,
    apart: whole,
    tokenize(word) {
      const id = vocabulary.get(word) ?? unknown;
      if (id === undefined) throw new Error("a word is unknown, and its vocabulary has no token for one");
      return [id];
    },
  };
}

interface Node {
  /** The token that ends here; -1: none does. */
  id: number;
  readonly children: Map<string, Node>;
}

/** Taken off the lowest score for a character that no token spells. */
const UNKNOWN_PENALTY = 10;

/** The likeliest tokens, of equally likely ones those that begin first (`models/unigram/model.rs`, `encode_optimized`). */
export function unigram(model: JsonObject): TextModel {
  const pieces = model["vocab"] as readonly (readonly [string, number])[];
  const vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
  const scores = pieces.map(([, score]) => score);
  const unknown = typeof model["unk_id"] === "number" ? model["unk_id"] : null;
  const unlikely = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const bytes = model["byte_fallback"] === true ? byteNames(vocabulary) : null;
  const root: Node = { id: -1, children: new Map() };
  for (const [piece, id] of vocabulary) grow(root, piece, id);

  const idsOf = (piece: string): readonly number[] => {
    const id = vocabulary.get(piece);
    if (id !== undefined) return [id];
    const named = bytes?.(piece) ?? null;
    if (named !== null) return named;
    if (unknown === null) throw new Error("a character is unknown, and its vocabulary has no token for one");
    return [unknown];
  };
  return {
    vocabulary,
    apart: whole,
    tokenize(word) {
      const characters = Array.from(word);
      const best = new Float64Array(characters.length + 1);
      const from = new Int32Array(characters.length + 1).fill(-1);
      const token = new Int32Array(characters.length + 1);
      const offer = (start: number, end: number, score: number, id: number): void => {
        const sum = score + (best[start] as number);
        if (from[end] !== -1 && sum <= (best[end] as number)) return;
        best[end] = sum;
        from[end] = start;
        token[end] = id;
      };
      for (let start = 0; start < characters.length; start += 1) {
        let single = false;
        let node: Node | undefined = root;
        for (let end = start; end < characters.length; end += 1) {
          node = node.children.get(characters[end] as string);
          if (node === undefined) break;
          if (node.id === -1) continue;
          offer(start, end + 1, scores[node.id] as number, node.id);
          if (end === start) single = true;
        }
        if (single) continue;
        if (unknown === null) throw new Error("a character is unknown, and its vocabulary has no token for one");
        offer(start, start + 1, unlikely, unknown);
      }
      const made: string[] = [];
      for (let end = characters.length, fused = false; end > 0; end = from[end] as number) {
        const piece = characters.slice(from[end], end).join("");
        const strange = token[end] === unknown;
        if (strange && fused) made[made.length - 1] = piece + (made.at(-1) as string);
        else made.push(piece);
        fused = strange;
      }
      return made.reverse().flatMap(idsOf);
    },
  };
}

function grow(root: Node, piece: string, id: number): void {
  let node = root;
  for (const character of piece) {
    let child = node.children.get(character);
    if (child === undefined) {
      child = { id: -1, children: new Map() };
      node.children.set(character, child);
    }
    node = child;
  }
  if (node !== root) node.id = id;
}
