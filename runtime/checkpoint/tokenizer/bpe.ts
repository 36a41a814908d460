/** Without this file byte pairs would be joined by a library that passes over what unknown characters, bytes and suffixes ask for. */
import type { Json, JsonObject } from "../strict_json.ts";
import { byteNames, whole, type TextModel } from "./text_model.ts";

/** Ids are below 2²⁴ (`sound.ts`), so a pair of them, and a rank with a place, are whole numbers that a double holds. */
const PAIR = 2 ** 24;
const PLACES = 2 ** 28;
/** Words as long as these come again; so many are kept. */
const LONGEST_KEPT = 256;
const MOST_KEPT = 16384;

interface Merges {
  /** By left id × 2²⁴ + right id. */
  readonly ranks: ReadonlyMap<number, number>;
  /** The id that a merge makes, by rank. */
  readonly made: Int32Array;
}

/** Follows `models/bpe/model.rs` and `word.rs` of Hugging Face tokenizers 0.22: characters become ids first, and ids are joined. */
export function bpe(model: JsonObject): TextModel {
  const vocabulary = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const [prefix, suffix] = [textOf(model["continuing_subword_prefix"]), textOf(model["end_of_word_suffix"])];
  const merges = mergesOf(model, vocabulary, prefix);
  const unknown = typeof model["unk_token"] === "string" ? (vocabulary.get(model["unk_token"]) ?? -1) : null;
  const [fuse, bytes] = [model["fuse_unk"] === true, model["byte_fallback"] === true ? byteNames(vocabulary) : null];
  const ignore = model["ignore_merges"] === true;
  const kept = new Map<string, readonly number[]>();
  const apart = prefix === "" && suffix === "" && !ignore ? seams(vocabulary) : whole;

  const spelt = (word: string): number[] => {
    const characters = Array.from(word);
    const ids: number[] = [];
    // An unknown token waits for the next character that is known: bytes of others come before it, there as here.
    let waiting = false;
    for (let at = 0; at < characters.length; at += 1) {
      const character = `${at > 0 ? prefix : ""}${characters[at] as string}${at === characters.length - 1 ? suffix : ""}`;
      const id = vocabulary.get(character);
      if (id !== undefined) {
        if (waiting) ids.push(unknown as number);
        waiting = false;
        ids.push(id);
        continue;
      }
      const named = bytes?.(character) ?? null;
      if (named !== null) ids.push(...named);
      else if (unknown !== null) {
        if (waiting && !fuse) ids.push(unknown);
        waiting = true;
      }
    }
    if (waiting) ids.push(unknown as number);
    if (ids.includes(-1)) throw new Error(`its \`unk_token\` ${JSON.stringify(model["unk_token"])} is no token of its vocabulary`);
    return ids;
  };

  return {
    vocabulary,
    apart,
    tokenize(word) {
      if (ignore) {
        const whole = vocabulary.get(word);
        if (whole !== undefined) return [whole];
      }
      const known = kept.get(word);
      if (known !== undefined) return known;
      const ids = joined(spelt(word), merges);
      if (word.length < LONGEST_KEPT) {
        if (kept.size >= MOST_KEPT) kept.clear();
        kept.set(word, ids);
      }
      return ids;
    },
  };
}

/** Characters are below 2²¹. */
const POINTS = 2 ** 21;

/**
 * Cuts a word between two characters that stand beside one another in no token: whatever is joined on either side, nothing is joined across, so the parts
 * give the ids of the whole. Both characters are tokens themselves, as others become bytes or one unknown token for several.
 */
function seams(vocabulary: ReadonlyMap<string, number>): (word: string) => Iterable<string> {
  let pairs: Set<number> | null = null;
  const gathered = (): Set<number> => {
    const found = new Set<number>();
    for (const token of vocabulary.keys()) {
      let before = -1;
      for (const character of token) {
        const point = character.codePointAt(0) as number;
        if (before !== -1) found.add(before * POINTS + point);
        before = point;
      }
    }
    return found;
  };
  return function* (word) {
    pairs ??= gathered();
    let from = 0;
    let at = 0;
    let before = "";
    for (const character of word) {
      if (at > from && !pairs.has((before.codePointAt(0) as number) * POINTS + (character.codePointAt(0) as number)) && vocabulary.has(before) && vocabulary.has(character)) {
        yield word.slice(from, at);
        from = at;
      }
      at += character.length;
      before = character;
    }
    yield word.slice(from);
  };
}

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function mergesOf(model: JsonObject, vocabulary: ReadonlyMap<string, number>, prefix: string): Merges {
  const given = Array.isArray(model["merges"]) ? model["merges"] : [];
  const ranks = new Map<number, number>();
  const made = new Int32Array(given.length);
  given.forEach((merge, rank) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string" || typeof pair[1] !== "string") throw new Error(`its merge ${rank} is ${JSON.stringify(merge)}, and no two tokens`);
    const [left, right] = pair as [string, string];
    const whole = left + (prefix !== "" ? right.slice(prefix.length) : right);
    const ids = [left, right, whole].map((token) => vocabulary.get(token));
    const absent = ids.indexOf(undefined);
    if (absent >= 0) throw new Error(`its merge ${rank} is of ${JSON.stringify(left)} and ${JSON.stringify(right)}, and ${JSON.stringify([left, right, whole][absent])} is no token of its vocabulary`);
    ranks.set((ids[0] as number) * PAIR + (ids[1] as number), rank);
    made[rank] = ids[2] as number;
  });
  return { ranks, made };
}

/** Pairs joined by rank, and of one rank from the left. */
function joined(ids: number[], { ranks, made }: Merges): readonly number[] {
  const length = ids.length;
  if (length < 2) return ids;
  const next = Int32Array.from(ids, (_, at) => (at + 1 < length ? at + 1 : -1));
  const before = Int32Array.from(ids, (_, at) => at - 1);
  const gone = new Uint8Array(length);
  const heap: number[] = [];
  const offer = (at: number, right: number): void => {
    const rank = ranks.get((ids[at] as number) * PAIR + (ids[right] as number));
    if (rank !== undefined) push(heap, rank * PLACES + at);
  };
  for (let at = 0; at + 1 < length; at += 1) offer(at, at + 1);
  while (heap.length > 0) {
    const top = pop(heap);
    const [rank, at] = [Math.floor(top / PLACES), top % PLACES];
    const right = next[at] as number;
    if (gone[at] === 1 || right === -1) continue;
    // What was offered may have changed since; another pair that makes the same token will do.
    const now = ranks.get((ids[at] as number) * PAIR + (ids[right] as number));
    if (now === undefined || made[now] !== made[rank]) continue;
    ids[at] = made[rank] as number;
    gone[right] = 1;
    const after = next[right] as number;
    next[at] = after;
    if (after !== -1) before[after] = at;
    if ((before[at] as number) >= 0) offer(before[at] as number, at);
    if (after !== -1) offer(at, after);
  }
  return ids.filter((_, at) => gone[at] === 0);
}

function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if ((heap[parent] as number) <= value) break;
    heap[at] = heap[parent] as number;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number {
  const top = heap[0] as number;
  const last = heap.pop() as number;
  const length = heap.length;
  if (length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= last) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = last;
  return top;
}
