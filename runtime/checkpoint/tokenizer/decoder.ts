/** Without this file ids would be read back as text by a library that takes some tokens for others. */
import type { Json, JsonObject } from "../strict_json.ts";
import { libraryDecoder, type LibraryDecoder } from "./library.ts";
import { BYTES } from "./normalizer.ts";

type Chain = (tokens: readonly string[]) => readonly string[];

/** The `decoder` of a tokenizer.json, as Hugging Face tokenizers computes it. Without one tokens have spaces between. */
export function decoderOf(given: Json | undefined): (tokens: readonly string[]) => string {
  if (given === null || given === undefined) return (tokens) => tokens.join(" ");
  const whole = libraryDecoder(given);
  exact(whole);
  return (tokens) => (tokens.length === 0 ? "" : whole.decode_chain(tokens).join(""));
}

/** Puts what Hugging Face tokenizers does in the place of what the library does otherwise. */
function exact(part: LibraryDecoder): void {
  for (const inner of part.decoders ?? []) exact(inner);
  const config: JsonObject = part.config ?? {};
  const made = Object.hasOwn(EXACT, String(config["type"])) ? (EXACT[String(config["type"])] as (config: JsonObject, part: LibraryDecoder) => Chain)(config, part) : null;
  if (made !== null) Object.assign(part, { decode_chain: made });
}

const EXACT: Readonly<Record<string, (config: JsonObject, part: LibraryDecoder) => Chain>> = {
  ByteFallback: () => joinBytes,
  ByteLevel: () => (tokens) => [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(tokens.flatMap(bytesOf)))],
  Replace: (config, { pattern }) => {
    const content = String(config["content"] ?? "");
    return (tokens) => (pattern == null || pattern.source === "(?:)" ? tokens : tokens.map((token) => token.replace(pattern, () => content)));
  },
  /** Every mark of the first token is of the space before a text, unless none was put there. */
  Metaspace: (config) => {
    const mark = String(config["replacement"] ?? "▁");
    const first = config["prepend_scheme"] === "never" ? " " : "";
    return (tokens) => tokens.map((token, at) => token.split(mark).join(at === 0 ? first : " "));
  },
  WordPiece: (config) => {
    const prefix = String(config["prefix"] ?? "##");
    const tidy = config["cleanup"] === true ? tidied : (text: string): string => text;
    return (tokens) => tokens.map((token, at) => tidy(at === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`));
  },
};

/** Spaces that were put before signs and endings are taken away, each kind in a text of its own. */
function tidied(text: string): string {
  const pairs: readonly (readonly [string, string])[] = [[" .", "."], [" ?", "?"], [" !", "!"], [" ,", ","], [" ' ", "'"], [" n't", "n't"], [" 'm", "'m"], [" do not", " don't"], [" 's", "'s"], [" 've", "'ve"], [" 're", "'re"]];
  return pairs.reduce((made, [from, to]) => made.split(from).join(to), text);
}

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTES.map((character, byte) => [character, byte]));

/** A token with a character that stands for no byte is text. */
function bytesOf(token: string): readonly number[] {
  const bytes = Array.from(token, (character) => BYTE_OF.get(character));
  return bytes.includes(undefined) ? [...Buffer.from(token)] : (bytes as readonly number[]);
}

/** The bytes that a token is spelt with, as `ByteLevel` or `ByteFallback` reads it; null where it is text. */
export function spelling(token: string): Uint8Array | null {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  const bytes = Array.from(token, (character) => BYTE_OF.get(character));
  return bytes.includes(undefined) ? null : Uint8Array.from(bytes as readonly number[]);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Byte tokens in a row are one text, or, where they spell none, each a sign for what cannot be read. */
function joinBytes(tokens: readonly string[]): readonly string[] {
  const spelt = (bytes: readonly number[]): readonly string[] => {
    try {
      return bytes.length === 0 ? [] : [UTF8.decode(Uint8Array.from(bytes))];
    } catch {
      return bytes.map(() => "\ufffd");
    }
  };
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
}
