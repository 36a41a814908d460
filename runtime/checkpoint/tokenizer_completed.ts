/** Without this file characters that a vocabulary lacks would be one unknown token, or one too few, and what SentencePiece replaces be guessed. */
import type { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { readCharsmap } from "./charsmap.ts";
import type { Json, JsonObject } from "./strict_json.ts";

/** What the library keeps of the parts that it leaves incomplete. */
interface Part {
  readonly config?: JsonObject;
  readonly normalizers?: readonly unknown[];
  readonly decoders?: readonly unknown[];
}

interface Words {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id: number | undefined;
  readonly fuse_unk: boolean;
  encode(pieces: readonly string[]): string[];
}

/**
 * Add to the library's tokenizer what tokenizer.json asks for and it does not do: bytes for unknown characters in Unigram, unknown tokens that are
 * one within a word and not across words, compiled maps of characters, and bytes that spell no text.
 */
export function completed(hub: HubTokenizer, tokenizer: JsonObject): HubTokenizer {
  const model = tokenizer["model"];
  const words = hub.model as unknown as Words;
  if (isObject(model) && model["type"] === "Unigram" && model["byte_fallback"] === true) withBytes(words);
  if (words.fuse_unk) fuseWithinWords(words);
  mapCharacters(hub.normalizer as unknown as Part | null);
  joinBytes(hub.decoder as unknown as Part | null);
  return hub;
}

function fuseWithinWords(words: Words): void {
  const encode = words.encode.bind(words);
  const unknown = (token: string | undefined): boolean => token !== undefined && (words.tokens_to_ids.get(token) ?? words.unk_token_id) === words.unk_token_id;
  Object.assign(words, {
    fuse_unk: false,
    encode: (pieces: readonly string[]): string[] => pieces.flatMap((piece) => encode([piece]).filter((token, at, all) => !(unknown(token) && unknown(all[at - 1])))),
  });
}

function withBytes(words: Words): void {
  const encode = words.encode.bind(words);
  const byName = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  Object.assign(words, {
    encode: (pieces: readonly string[]): string[] =>
      encode(pieces).flatMap((token) => {
        if (words.tokens_to_ids.has(token)) return [token];
        const bytes = Array.from(Buffer.from(token), byName);
        return bytes.every((name) => words.tokens_to_ids.has(name)) ? bytes : [token];
      }),
  });
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Byte tokens in a row are one text, or, where they spell none, each a sign for what cannot be read. */
function joinBytes(part: Part | null): void {
  if (part === null) return;
  for (const inner of part.decoders ?? []) joinBytes(inner as Part);
  if (part.config?.["type"] !== "ByteFallback") return;
  const spelt = (bytes: readonly number[]): readonly string[] => {
    try {
      return bytes.length === 0 ? [] : [UTF8.decode(Uint8Array.from(bytes))];
    } catch {
      return bytes.map(() => "\ufffd");
    }
  };
  Object.assign(part, {
    decode_chain: (tokens: readonly string[]): string[] => {
      const made: string[] = [];
      let bytes: number[] = [];
      for (const token of tokens) {
        const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
        if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
        else {
          made.push(...spelt(bytes), token);
          bytes = [];
        }
      }
      return [...made, ...spelt(bytes)];
    },
  });
}

function mapCharacters(part: Part | null): void {
  if (part === null) return;
  for (const inner of part.normalizers ?? []) mapCharacters(inner as Part);
  const compiled = part.config?.["type"] === "Precompiled" ? part.config["precompiled_charsmap"] : undefined;
  const map = typeof compiled === "string" ? readCharsmap(compiled) : null;
  if (map !== null) Object.assign(part, { normalize: map });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
