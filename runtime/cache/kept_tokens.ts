/** Without this file texts that are known would be tokenized again by each process that asks something else about them. */
import { hash } from "node:crypto";
import type { ModelFacts } from "../../src/stages/stage.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { parseCard, type TokenizerCard, type TokenizerCards } from "../checkpoint/tokenizer/card.ts";
import type { DiskCache } from "./disk.ts";
import type { Space } from "./space_segments.ts";
import { tokenizerCode } from "./tokenizer_code.ts";

/** Cards found on `disk`, which is asked for when a model is read; new ones wait for `write`, since a script may say that nothing is kept. */
export function keptCards(disk: () => DiskCache | null): TokenizerCards & { readonly write: (disk: DiskCache) => Promise<void> } {
  const fresh = new Map<string, TokenizerCard>();
  return {
    recall: (id) => disk()?.readValue(nameOf("card", id), ({ bytes }) => parseCard(bytes)) ?? null,
    keep: (id, card) => void fresh.set(id, card),
    write: async (into) => {
      const cards = [...fresh];
      fresh.clear();
      for (const [id, card] of cards) await into.writeValue(nameOf("card", id), JSON.stringify({ name: "facts of a tokenizer", kind: "tokens" }), Buffer.from(JSON.stringify(card)));
    },
  };
}

/** A model, as its texts become ids. */
export interface TextModel {
  readonly facts: Pick<ModelFacts, "ref">;
  readonly tokenizer: Tokenizer;
}

/** What turns texts into ids: the tokenizer, or what was kept of it. */
export interface TokenIds {
  /** `keeps`: false where what is new is not kept. */
  encoder(model: TextModel, keeps?: boolean): Tokenizer["encode"];
}

/** The same for who only looks: what is known is read, and nothing is kept. */
export function onlyRead({ encoder }: TokenIds): TokenIds {
  return { encoder: (model) => encoder(model, false) };
}

/** Nothing is kept. */
export const TOKENIZED_ANEW: TokenIds = { encoder: ({ tokenizer }) => tokenizer.encode };

/** Ids by tokenizer (its files and the code that reads them) and text. What is new is written with the next segment. */
export function keptTokenIds(disk: DiskCache): TokenIds {
  return {
    encoder: ({ facts, tokenizer }, keeps = true) => {
      const spaces = [false, true].map((bos): Space => ({
        id: nameOf("token ids", tokenizer.digest, bos),
        name: `${facts.ref.name}, texts${bos ? " with BOS" : ""}`,
        memoryOnly: false,
        ofTokens: true,
      }));
      for (const space of spaces) disk.refresh(space);
      return (text, options) => {
        const space = spaces[options.bos ? 1 : 0]!;
        const key = textKey(text);
        const known = disk.get(space, key);
        if (known instanceof Int32Array) return known;
        const ids = tokenizer.encode(text, options);
        if (keeps) disk.put(space, key, ids);
        return ids;
      };
    },
  };
}

/** 32 hex digits. */
function nameOf(...parts: readonly (string | boolean)[]): string {
  return hash("sha256", JSON.stringify([...parts, tokenizerCode()])).slice(0, 32);
}

/** 16 bytes that name a text: its UTF-16 as it is, as halves of pairs would all be one character in UTF-8. */
function textKey(text: string): Buffer {
  return hash("sha256", Buffer.from(text, "utf16le"), "buffer").subarray(0, 16);
}
