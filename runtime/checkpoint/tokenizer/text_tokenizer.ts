/** Without this file a tokenizer.json would be a tree of names, and no text become ids by it. */
import type { Json, JsonObject } from "../strict_json.ts";
import { addedTokens, type TokenFiles } from "./added.ts";
import { around, type Around } from "./around.ts";
import { bpe } from "./bpe.ts";
import { builtByConfig, builtOtherwise, tokenizerClass } from "./class.ts";
import { cutter, type Part } from "./cut.ts";
import { decoderOf } from "./decoder.ts";
import { unigram, wordLevel, wordPiece, type TextModel } from "./text_model.ts";
import { normalizerOf, startStays } from "./normalizer.ts";
import { preTokenizerOf } from "./pretokenizer.ts";

/** What files say of a tokenizer, without any text. */
export interface TokenizerFacts {
  /** What its post-processor puts before and after a text. */
  readonly around: Around;
  /** Tokens as the files or the class name them; null: none. */
  readonly named: Readonly<Record<string, string | null>>;
  /** Its class in transformers, and the parts that transformers 5 builds otherwise than tokenizer.json says. */
  readonly kind: string | null;
  readonly otherwise: readonly string[];
  readonly special: readonly number[];
  /** Ids that no file gives, and transformers counts on to: a model need not have rows for them. */
  readonly counted: ReadonlySet<number>;
  /** Highest id + 1, but for those. */
  readonly size: number;
}

/** Words of so many characters are taken apart where they can be. */
const LONG_WORD = 256;

/** A tokenizer.json computed as Hugging Face tokenizers does, special tokens around a text apart: expressions and most decoders are the library's, for what it computes otherwise is written here. */
export class TextTokenizer {
  readonly #model: TextModel;
  readonly #parts: (text: string) => readonly Part[];
  readonly #pieces: ReturnType<typeof preTokenizerOf>;
  readonly #spell: (tokens: readonly string[]) => string;
  readonly #names: Map<number, string>;
  /** Tokens that are sought in normalized texts are read back normalized. */
  readonly #spelt: ReadonlyMap<number, string>;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #facts: TokenizerFacts;

  /** Throws where a part is not known, or is not sound. */
  constructor(given: JsonObject, files: TokenFiles & { readonly model: JsonObject }) {
    const kind = tokenizerClass(given, files.config, files.model);
    const tokenizer = builtByConfig(given, kind, files.config);
    this.#model = modelOf(tokenizer["model"]);
    const { tokens, counted, named } = addedTokens(tokenizer, this.#model.vocabulary, files, kind);
    const normalize = normalizerOf(tokenizer["normalizer"]);
    // Who asks for the start of a text names it.
    const asked = JSON.stringify(tokenizer["pre_tokenizer"] ?? null).includes('"first"');
    this.#parts = cutter(tokens, { normalize, startStays: asked ? startStays(tokenizer["normalizer"]) : () => true, spelt: files.config["split_special_tokens"] === true });
    this.#pieces = preTokenizerOf(tokenizer["pre_tokenizer"]);
    this.#spell = decoderOf(tokenizer["decoder"]);
    this.#names = new Map([...this.#model.vocabulary].map(([token, id]) => [id, token]));
    for (const { id, content } of tokens) this.#names.set(id, content);
    this.#spelt = new Map(normalize === null ? [] : tokens.flatMap(({ id, content, normalized }) => (normalized ? [[id, normalize(content)]] : [])));
    this.#ids = new Map(tokens.map(({ id, content }) => [content, id]));
    this.#facts = {
      // GPT-NeoX's class in transformers makes a template of its own (`update_post_processor`), without any token.
      around: kind === "GPTNeoXTokenizer" ? { before: [], after: [] } : around(tokenizer["post_processor"]),
      named,
      kind,
      otherwise: builtOtherwise(tokenizer, kind, files.config),
      special: tokens.flatMap(({ id, special }) => (special ? [id] : [])),
      counted,
      size: [...this.#names.keys()].reduce((most, id) => (counted.has(id) ? most : Math.max(most, id + 1)), 0),
    };
  }

  facts(): TokenizerFacts {
    return this.#facts;
  }

  encode(text: string): readonly number[] {
    const ids: number[] = [];
    for (const some of this.idsOf(text)) for (const id of some) ids.push(id);
    return ids;
  }

  /** The same ids, some at a time: those of a book need not be made at once. */
  *idsOf(text: string): Generator<readonly number[]> {
    for (const part of this.#parts(text)) {
      if (typeof part === "number") yield [part];
      else if (this.#pieces === null) yield* this.#ofWord(part.text);
      else for (const { texts } of this.#pieces(part.text, part.first)) yield* this.#ofWords(texts);
    }
  }

  *#ofWords(words: readonly string[]): Generator<readonly number[]> {
    const ids: number[] = [];
    for (const word of words) {
      if (word.length < LONG_WORD) {
        for (const id of this.#model.tokenize(word)) ids.push(id);
        continue;
      }
      yield ids.splice(0);
      yield* this.#ofWord(word);
    }
    yield ids;
  }

  *#ofWord(word: string): Generator<readonly number[]> {
    if (word.length < LONG_WORD) yield this.#model.tokenize(word);
    else for (const part of this.#model.apart(word)) yield this.#model.tokenize(part);
  }

  /** Ids without a token are passed over. */
  decode(ids: readonly number[]): string {
    return this.#spell(ids.flatMap((id) => this.#spelt.get(id) ?? this.#names.get(id) ?? []));
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token) ?? this.#model.vocabulary.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#names.get(id);
  }
}

/** Old files of BPE name no kind of model: by what it holds it is known. */
function modelOf(given: Json | undefined): TextModel {
  if (!isObject(given)) throw new Error("it has no model");
  const kind = given["type"] ?? (Array.isArray(given["vocab"]) ? "Unigram" : Object.hasOwn(given, "merges") ? "BPE" : "WordPiece");
  const models: Readonly<Record<string, (model: JsonObject) => TextModel>> = { Unigram: unigram, WordLevel: wordLevel, WordPiece: wordPiece };
  return (models[String(kind)] ?? bpe)(given);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
