/** Without this file the expressions and decoders of the library that makes tokenizers could not be used without all of it. */
import { Tokenizer } from "@huggingface/tokenizers";
import type { Json, JsonObject } from "../strict_json.ts";

/** What the library makes of parts of a tokenizer.json, as far as it is used. */
interface LibraryParts {
  readonly normalizer: { readonly pattern?: RegExp | null } | null;
  readonly decoder: LibraryDecoder | null;
}

export interface LibraryDecoder {
  readonly config?: JsonObject;
  readonly decoders?: readonly LibraryDecoder[];
  readonly pattern?: RegExp | null;
  decode_chain(tokens: readonly string[]): readonly string[];
}

/** Around a model without words. */
function libraryParts(parts: { readonly normalizer?: Json; readonly decoder?: Json }): LibraryParts {
  const whole = { version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...parts, model: { type: "BPE", vocab: {}, merges: [] } };
  return new Tokenizer(whole as never, {}) as unknown as LibraryParts;
}

/** A `{ "Regex": … }`, which is written in Oniguruma's language, in JavaScript's. Throws where it is none. */
export function expression(pattern: JsonObject): RegExp {
  const made = typeof pattern["Regex"] === "string" ? libraryParts({ normalizer: { type: "Replace", pattern: { Regex: pattern["Regex"] }, content: "" } }).normalizer?.pattern : null;
  if (made == null) throw new Error(`a rule looks for ${JSON.stringify(pattern)}`);
  return made;
}

/** The library's decoder. Throws where it is of no kind that is known. */
export function libraryDecoder(decoder: Json): LibraryDecoder {
  return libraryParts({ decoder }).decoder as LibraryDecoder;
}
