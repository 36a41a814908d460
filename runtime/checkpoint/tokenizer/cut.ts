/** Without this file tokens that stand for no text would be read as the letters that they are spelt with. */
import type { Normalize } from "./normalizer.ts";
import { asSeen, trimmedLeft, WORD } from "./unicode.ts";

/** A token that is cut out of a text before its vocabulary sees it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Looked for in texts once they are normalized, and not as they are. */
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly singleWord: boolean;
}

/** A part of a text: a token, or text between two; `first`: it begins where the text does. */
export type Part = number | { readonly text: string; readonly first: boolean };

interface Node {
  token: AddedToken | null;
  readonly children: Map<string, Node>;
}

export interface Cutting {
  readonly normalize: Normalize | null;
  readonly startStays: (text: string) => boolean;
  /** Special tokens are read as the letters they are spelt with (`split_special_tokens`); other added tokens are cut out all the same. */
  readonly spelt: boolean;
}

/** Follows `tokenizer/added_vocabulary.rs` of Hugging Face tokenizers 0.23: what stands as it is goes first, and then what is found in the rest once it is normalized. */
export function cutter(tokens: readonly AddedToken[], { normalize, startStays, spelt }: Cutting): (text: string) => readonly Part[] {
  const plain = normalize ?? ((text: string): string => text);
  const asIs = trie(tokens.filter((token) => !token.normalized).map((token) => [token.content, token]));
  const normalized = trie(tokens.filter((token) => token.normalized).map((token) => [plain(token.content), token]));
  return (text) =>
    cut(text, asIs, true, spelt).flatMap((part): readonly Part[] => (typeof part === "number" ? [part] : cut(plain(part.text), normalized, part.first && startStays(part.text), spelt)));
}

function trie(words: readonly (readonly [string, AddedToken])[]): Node {
  const root: Node = { token: null, children: new Map() };
  for (const [word, token] of words) {
    let node = root;
    for (const unit of word.split("")) {
      let child = node.children.get(unit);
      if (child === undefined) {
        child = { token: null, children: new Map() };
        node.children.set(unit, child);
      }
      node = child;
    }
    if (node !== root) node.token ??= token;
  }
  return root;
}

const ENDS_WITH_WORD = new RegExp(`[${WORD}]$`, "u");
const STARTS_WITH_WORD = new RegExp(`^[${WORD}]`, "u");

function cut(text: string, root: Node, first: boolean, spelt: boolean): readonly Part[] {
  if (text === "") return [];
  if (root.children.size === 0) return [{ text, first }];
  const parts: Part[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const found = longest(text, at, root);
    if (found === null) {
      at += 1;
      continue;
    }
    const { token, end } = found;
    let [start, stop] = [at, end];
    at = end;
    if (spelt && token.special) continue;
    if (token.singleWord && (STARTS_WITH_WORD.test(asSeen(text.slice(stop, stop + 2))) || ENDS_WITH_WORD.test(asSeen(text.slice(Math.max(0, start - 2), start))))) continue;
    if (token.lstrip) while (start > done && /\p{White_Space}/u.test(text[start - 1] as string)) start -= 1;
    if (token.rstrip) stop = text.length - trimmedLeft(text.slice(stop)).length;
    if (done < start) parts.push({ text: text.slice(done, start), first: first && done === 0 });
    parts.push(token.id);
    done = stop;
  }
  if (done < text.length) parts.push({ text: text.slice(done), first: first && done === 0 });
  return parts;
}

function longest(text: string, at: number, root: Node): { readonly token: AddedToken; readonly end: number } | null {
  let found: { readonly token: AddedToken; readonly end: number } | null = null;
  let node: Node | undefined = root.children.get(text[at] as string);
  for (let end = at + 1; node !== undefined; end += 1) {
    if (node.token !== null) found = { token: node.token, end };
    node = end < text.length ? node.children.get(text[end] as string) : undefined;
  }
  return found;
}
