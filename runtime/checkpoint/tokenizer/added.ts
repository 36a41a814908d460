/** Without this file a text would be cut only at the tokens that tokenizer.json lists, and transformers knows more of them. */
import type { Json, JsonObject } from "../strict_json.ts";
import { CLASS_TOKENS, type ClassTokens } from "./class.ts";
import type { AddedToken } from "./cut.ts";

/** What beside tokenizer.json names tokens. */
export interface TokenFiles {
  readonly config: JsonObject;
  readonly specialTokensMap: JsonObject;
  readonly addedTokens: JsonObject;
}

/** All but the content may be left out of a file. */
type Named = Omit<AddedToken, "id">;

export interface Added {
  readonly tokens: readonly AddedToken[];
  /** Ids that no file gives and transformers counts on to: a model need not have rows for them. */
  readonly counted: ReadonlySet<number>;
  /** Named tokens, as the files or the class of the tokenizer name them; null: none. */
  readonly named: Readonly<Record<string, string | null>>;
}

const NAMED_TOKENS = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/**
 * The tokens of tokenizer.json, and after them those that `TokenizersBackend.__init__` of transformers 5.24 adds (4.57 adds the same): of
 * `added_tokens_decoder` what is not there or is there otherwise, then what is named as special. Without that key `special_tokens_map.json` and
 * `added_tokens.json` have a say. Ids are as `add_tokens` of tokenizers gives them, whatever a file claims: that of the vocabulary, else the next.
 */
export function addedTokens(tokenizer: JsonObject, vocabulary: ReadonlyMap<string, number>, files: TokenFiles, tokenizerClass: string | null): Added {
  const own = listOf(tokenizer["added_tokens"]).flatMap((each) => named(each) ?? []);
  const { legacy, config } = configured(files, tokenizerClass);
  const special = specials(config);
  const declared = legacy ? fromAddedTokens(files.addedTokens, special, new Set(listOf(tokenizer["added_tokens"]).map((token) => (isObject(token) ? token["id"] : null)))) : byId(config["added_tokens_decoder"]);
  const known = new Map([...declared, ...(legacy ? own : [])].map((token) => [token.content, token]));
  const ids = new Ids(vocabulary);
  for (const token of own) ids.add(token);
  const listed = new Set([...ids.contents(), ...declared.map(({ content }) => content)]);
  for (const token of declared) ids.add(special.some(({ key, content }) => key !== null && content === token.content) ? { ...token, special: true } : token);
  for (const token of special) if (!listed.has(token.content)) {
    const added = known.get(token.content) ?? token;
    ids.add({ ...added, special: added.special || token.key !== null });
  }
  // That class adds them once more, plainly.
  if (tokenizerClass === "Qwen2Tokenizer") for (const { content } of special) ids.add({ content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false });
  return { tokens: ids.tokens(), counted: ids.counted(own), named: namedIn(config) };
}

/** The same names, without any token or id: `special_tokens_map` of transformers. */
export function namedTokens(files: Omit<TokenFiles, "addedTokens">, tokenizerClass: string | null): Added["named"] {
  return namedIn(configured(files, tokenizerClass).config);
}

function namedIn(config: JsonObject): Added["named"] {
  return Object.fromEntries(NAMED_TOKENS.flatMap((key): readonly (readonly [string, string | null])[] => (Object.hasOwn(config, key) ? [[key, tokenText(config[key])]] : [])));
}

/** What the files say, and the class where they do not; `legacy`: without `added_tokens_decoder`, where `special_tokens_map.json` has the last word. */
function configured({ config, specialTokensMap }: Omit<TokenFiles, "addedTokens">, tokenizerClass: string | null): { readonly legacy: boolean; readonly config: JsonObject } {
  const legacy = !Object.hasOwn(config, "added_tokens_decoder");
  const defaults = tokenizerClass !== null && Object.hasOwn(CLASS_TOKENS, tokenizerClass) ? (CLASS_TOKENS[tokenizerClass] as ClassTokens) : {};
  return { legacy, config: { ...defaults, ...config, ...(legacy ? asSpecial(specialTokensMap) : {}) } };
}

/** Tokens that are named as special, in the order they are added in. */
function specials(config: JsonObject): readonly (Named & { readonly key: string | null })[] {
  const extra = config["extra_special_tokens"];
  const others: JsonObject = { ...Object.fromEntries(Object.entries(config).filter(([key, value]) => key.endsWith("_token") && !NAMED_TOKENS.includes(key) && typeof value === "string")), ...(isObject(extra) ? extra : {}) };
  const of = (key: string | null, value: Json | undefined): readonly (Named & { readonly key: string | null })[] => {
    const token = named(value, true);
    return token === null ? [] : [{ ...token, key }];
  };
  const more = listOf(extra).length > 0 ? listOf(extra) : listOf(config["additional_special_tokens"]);
  return [...NAMED_TOKENS.flatMap((key) => of(key, config[key])), ...Object.entries(others).flatMap(([key, value]) => of(key, value)), ...more.flatMap((value) => of(null, value))];
}

/** What `special_tokens_map.json` describes is special. */
function asSpecial(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, isObject(value) && key !== "extra_special_tokens" ? { ...value, special: true } : value]));
}

/** `added_tokens.json`: texts and ids. Of an id that tokenizer.json gives too, that one's token is the token. */
function fromAddedTokens(given: JsonObject, special: readonly Named[], taken: ReadonlySet<Json | undefined>): readonly Named[] {
  const byPlace = Object.entries(given).filter(([, id]) => !taken.has(id)).sort(([, a], [, b]) => Number(a) - Number(b));
  return byPlace.map(([content]) => {
    const marked = special.some((token) => token.content === content);
    return { content, special: marked, normalized: !marked, lstrip: false, rstrip: false, singleWord: false };
  });
}

function byId(given: Json | undefined): readonly Named[] {
  if (!isObject(given)) return [];
  return Object.entries(given)
    .sort(([a], [b]) => Number(a) - Number(b))
    .flatMap(([, token]) => named(token) ?? []);
}

/** A token that is text, or an object; null where it is neither. */
function named(given: Json | undefined, special = false): Named | null {
  const content = tokenText(given);
  if (content === null || content === "") return null;
  const object: JsonObject = isObject(given) ? given : {};
  const flag = (key: string, fallback: boolean): boolean => (typeof object[key] === "boolean" ? object[key] : fallback);
  const marked = flag("special", special && !isObject(given));
  return { content, special: marked, normalized: flag("normalized", !marked), lstrip: flag("lstrip", false), rstrip: flag("rstrip", false), singleWord: flag("single_word", false) };
}

/** A token of a config: text, or an object with `content`. */
function tokenText(value: Json | undefined): string | null {
  if (typeof value === "string") return value;
  return isObject(value) && typeof value["content"] === "string" ? value["content"] : null;
}

/** `AddedVocabulary.add_tokens` of tokenizers 0.23: said again otherwise, a token keeps its id and is as it was said last. */
class Ids {
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #tokens = new Map<string, AddedToken>();
  #highest = -1;

  constructor(vocabulary: ReadonlyMap<string, number>) {
    this.#vocabulary = vocabulary;
  }

  add({ content, special, normalized, lstrip, rstrip, singleWord }: Named): void {
    const id = this.#tokens.get(content)?.id ?? this.#vocabulary.get(content) ?? Math.max(this.#highest + 1, this.#vocabulary.size);
    this.#highest = Math.max(this.#highest, id);
    this.#tokens.set(content, { id, content, special, normalized, lstrip, rstrip, singleWord });
  }

  contents(): readonly string[] {
    return [...this.#tokens.keys()];
  }

  tokens(): readonly AddedToken[] {
    return [...this.#tokens.values()];
  }

  /** Ids of tokens that are neither in the vocabulary nor among `own`. */
  counted(own: readonly Named[]): ReadonlySet<number> {
    const listed = new Set(own.map(({ content }) => content));
    return new Set(this.tokens().flatMap(({ id, content }) => (listed.has(content) || this.#vocabulary.has(content) ? [] : [id])));
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
