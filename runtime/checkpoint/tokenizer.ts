/** Without this file text could not become the ids that a model reads. */
import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { createHash } from "node:crypto";
import { CheckpointError } from "./error.ts";
import { findFile, requireFile, requireFolder } from "./real_path.ts";
import { parseJsonObject, readJsonBytes, type Json, type JsonObject } from "./strict_json.ts";
import type { TokenizerCard, TokenizerCards } from "./tokenizer_card.ts";
import { completed } from "./tokenizer_completed.ts";
import { asComputed } from "./tokenizer_equivalents.ts";
import { requireSoundTokenizer } from "./tokenizer_file.ts";
import { timeBoxed, TOKENIZER_PATIENCE, type Patience } from "./tokenizer_rules.ts";

export interface Tokenizer extends Omit<TokenizerCard, "specialIds"> {
  /** Ids that stand for no text, BOS and EOS among them: masked from statistics by default. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of a text. With `bos` it starts with the BOS id exactly once, also where the text spells it out. */
  encode(text: string, options: { readonly bos: boolean }): Int32Array;
  /** The text of ids, special tokens included. */
  decode(ids: ArrayLike<number>): string;
  /** One id as text: what it adds to a line, or its own name where it is no whole character. */
  piece(id: number): string;
  /** Ids in a row as text, one for each: of a character that several of them spell, the first has all and the others nothing. */
  pieces(ids: ArrayLike<number>): readonly string[];
}

/** Files that a tokenizer is made of. */
interface TokenizerFiles {
  readonly tokenizer: JsonFile;
  readonly config: JsonFile | null;
  /** `special_tokens_map.json` and the model's `config.json`. */
  readonly others: readonly [JsonFile | null, JsonFile | null];
}

interface JsonFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Read `tokenizer.json` and, for the special tokens, the first of `tokenizer_config.json`, `special_tokens_map.json` and the model's
 * `config.json` that speaks of them: GPT-2 on the hub names its BOS nowhere but in the last, as an id. Throws `CheckpointError`. Of what `cards`
 * knows the files are read and hashed, and the tokenizer is built when a text comes.
 */
export async function readTokenizer(path: string, patience: Patience = TOKENIZER_PATIENCE, cards: TokenizerCards | null = null): Promise<Tokenizer> {
  const folder = await requireFolder(path);
  const file = await requireFile(folder, "tokenizer.json", "download the model's tokenizer.json as well; other tokenizer files are not read");
  const optional = async (name: string): Promise<JsonFile | null> => {
    const found = await findFile(folder, name);
    return found === null ? null : { path: found, bytes: await readJsonBytes(found) };
  };
  const files: TokenizerFiles = { tokenizer: { path: file, bytes: await readJsonBytes(file) }, config: await optional("tokenizer_config.json"), others: [await optional("special_tokens_map.json"), await optional("config.json")] };
  const id = cards === null ? "" : contentOf(files);
  const known = cards?.recall(id) ?? null;
  if (known !== null) return wrap(known, whenAsked(() => build(files, patience).hub));
  const { hub, card } = build(files, patience);
  cards?.keep(id, card);
  return wrap(card, () => hub);
}

/** What `make` gives, made once; what it was made of is let go of then. */
function whenAsked<T extends object>(make: () => T): () => T {
  let state: { readonly make: () => T } | { readonly made: T } = { make };
  return () => {
    const made = "made" in state ? state.made : state.make();
    state = { made };
    return made;
  };
}

/** Names files by place and content: notes tell the places. Hex. */
function contentOf({ tokenizer, config, others }: TokenizerFiles): string {
  const hash = createHash("sha256");
  for (const each of [tokenizer, config, ...others]) hash.update(JSON.stringify(each === null ? null : [each.path, each.bytes.length])).update(each?.bytes ?? "");
  return hash.digest("hex");
}

function build({ tokenizer: { path, bytes }, config: configFile, others: otherFiles }: TokenizerFiles, patience: Patience): { readonly hub: HubTokenizer; readonly card: TokenizerCard } {
  const tokenizer = parseJsonObject(bytes, path);
  const valueOf = (each: JsonFile | null): JsonObject => (each === null ? {} : parseJsonObject(each.bytes, each.path));
  const config = valueOf(configFile);
  requireSoundTokenizer(path, tokenizer);
  const others = [valueOf(otherFiles[0]), valueOf(otherFiles[1])] as const;
  return usable(path, () => {
    const hub = boxed(path, libraryTokenizer(tokenizer, config), timeBoxed(path, tokenizer, patience));
    const tokens: SpecialTokens = { bosId: specialId(hub, "bos_token", config, ...others), eosId: specialId(hub, "eos_token", config, ...others) };
    const digest = createHash("sha256").update(bytes).update(configFile?.bytes ?? "").update(JSON.stringify(tokens)).digest("hex");
    const marked = [...hub.get_added_tokens_decoder()].flatMap(([id, token]) => (token.special ? [id] : []));
    const card: TokenizerCard = {
      ...tokens,
      digest,
      size: [...hub.get_vocab(true).values()].reduce((most, id) => Math.max(most, id + 1), 0),
      prependsBos: startsWithBos(hub, tokens.bosId),
      notes: [...disagreement(hub, config, tokens.bosId, configFile?.path ?? path), ...notAdded(hub, config, configFile?.path ?? path), ...leftOut(hub, tokens.bosId, path)],
      specialIds: [...new Set([...marked, ...[tokens.bosId, tokens.eosId].filter((id) => id !== null)])],
    };
    return { hub, card };
  });
}

/** The library takes files as they should be: what it stumbles over is a fault of the file, also where it shows at the first text only. */
function usable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError("unsupported-tokenizer", `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { help: 'set model "…" to one whose tokenizer.json Hugging Face tokenizers can read' });
  }
}

/** Keys of tokenizers written in Python, which those made of a tokenizer.json do not read; the library would. */
const OF_SLOW_TOKENIZERS = ["remove_space", "do_lowercase_and_remove_accent"];

function libraryTokenizer(tokenizer: JsonObject, config: JsonObject): HubTokenizer {
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !OF_SLOW_TOKENIZERS.includes(key)));
  return completed(new HubTokenizer(asComputed(tokenizer), kept), tokenizer);
}

/** The library's tokenizer, whose rules may not take for ever, and whose failures are of its file. */
function boxed(file: string, hub: HubTokenizer, box: ReturnType<typeof timeBoxed>): HubTokenizer {
  const bounded = <A extends readonly unknown[], R>(work: (...args: A) => R) => (...args: A): R => usable(file, () => box((args[0] as { readonly length: number }).length, () => work(...args)));
  return Object.assign(hub, { encode: bounded(hub.encode.bind(hub)), decode: bounded(hub.decode.bind(hub)) });
}

interface SpecialTokens {
  readonly bosId: number | null;
  readonly eosId: number | null;
}

/** A config that has the key decides, also by null: Qwen says so that it has no BOS. */
function specialId(hub: HubTokenizer, key: string, config: JsonObject, map: JsonObject, model: JsonObject): number | null {
  for (const each of [config, map]) {
    if (!Object.hasOwn(each, key)) continue;
    const content = tokenText(each[key]);
    return content === null ? null : (hub.token_to_id(content) ?? null);
  }
  const given = model[`${key}_id`];
  const id = Array.isArray(given) ? given[0] : given;
  return typeof id === "number" && hub.id_to_token(id) !== undefined ? id : null;
}

function startsWithBos(hub: HubTokenizer, bosId: number | null): boolean {
  return bosId !== null && hub.encode("", { add_special_tokens: true }).ids[0] === bosId;
}

const TOKEN_KEYS = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** Tokens that the config names and the tokenizer does not cut out of a text; transformers adds them when it loads both (`tokenization_utils_fast.py`, `__init__`). */
function notAdded(hub: HubTokenizer, config: JsonObject, file: string): readonly string[] {
  const added = new Set([...hub.get_added_tokens_decoder()].map(([, { content }]) => content));
  const decoder = config["added_tokens_decoder"];
  const declared = typeof decoder === "object" && decoder !== null ? Object.values(decoder) : [];
  const additional = config["additional_special_tokens"];
  // One that is in no vocabulary gets an id of its own there, which the model has no row for.
  const special = [...TOKEN_KEYS.map((key) => config[key]), ...(Array.isArray(additional) ? additional : [])].filter((each) => hub.token_to_id(tokenText(each) ?? "") !== undefined);
  const missing = [...new Set([...declared, ...special].map((each) => tokenText(each)))].filter((text): text is string => text !== null && text !== "" && !added.has(text));
  if (missing.length === 0) return [];
  const shown = missing.slice(0, 5).map((text) => JSON.stringify(text)).join(", ");
  return [`${file} names ${shown}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""} as tokens, and tokenizer.json does not: a text that spells one is cut into pieces, where transformers reads one token`];
}

function disagreement(hub: HubTokenizer, config: JsonObject, bosId: number | null, file: string): readonly string[] {
  const [said, done] = [config["add_bos_token"], startsWithBos(hub, bosId)];
  if (typeof said !== "boolean" || said === done || bosId === null) return [];
  return [`${file}: \`add_bos_token\` is ${said}, but the post-processor of tokenizer.json puts ${done ? "one" : "none"}, and that is followed as transformers 5 does; \`set bos ${said}\` for the other`];
}

/** A text is read as it stands, BOS apart: a token that its tokenizer would put around it is told of. */
function leftOut(hub: HubTokenizer, bosId: number | null, file: string): readonly string[] {
  const ids: readonly number[] = hub.encode("", { add_special_tokens: true }).ids;
  const others = ids.filter((id, at) => at > 0 || id !== bosId).map((id) => hub.id_to_token(id) ?? `<${id}>`);
  return others.length === 0 ? [] : [`${file}: its post-processor puts ${others.join(" and ")} around a text, as transformers does by itself; they are left out here`];
}

/** `hub` is asked for when a text or an id is to be read. */
function wrap(card: TokenizerCard, hub: () => HubTokenizer): Tokenizer {
  const { bosId } = card;
  const decode = (ids: ArrayLike<number>): string => hub().decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  const pieces = new Map<number, string>();
  const piece = (id: number): string => {
    const known = pieces.get(id);
    if (known !== undefined) return known;
    const text = pieceOf(hub(), decode, id);
    pieces.set(id, text);
    return text;
  };
  return {
    ...card,
    specialIds: new Set(card.specialIds),
    encode(text, { bos }) {
      const ids = hub().encode(text, { add_special_tokens: false }).ids;
      if (!bos) return Int32Array.from(ids);
      if (bosId === null) throw new CheckpointError("no-bos-token", "a beginning-of-text token is asked for, and the tokenizer names no `bos_token`", { help: "set bos false" });
      return Int32Array.from(ids[0] === bosId ? ids : [bosId, ...ids]);
    },
    decode,
    piece,
    pieces: (ids) => piecesOf(Array.from(ids), piece, decode),
  };
}

/** A token of the config: text, or an object with `content`. */
function tokenText(value: Json | undefined): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "content" in value && typeof value.content === "string") return value.content;
  return null;
}

/** A leading space is lost by decoders that strip the start of a text, so the id is decoded after itself and the repetition cut off. */
function pieceOf(hub: HubTokenizer, decode: (ids: ArrayLike<number>) => string, id: number): string {
  if (hub.id_to_token(id) === undefined) return `<${id}>`;
  const once = decode([id]);
  if (once.includes("\ufffd")) return hub.id_to_token(id) ?? `<${id}>`;
  const twice = decode([id, id]);
  return twice.startsWith(once) && twice.length > once.length ? twice.slice(once.length) : once;
}

/** Tokens that a character of UTF-8 may be spelt with. */
const MOST_BYTES = 4;

function piecesOf(ids: readonly number[], piece: (id: number) => string, decode: (ids: ArrayLike<number>) => string): readonly string[] {
  const broken = (from: number, to: number): boolean => decode(ids.slice(from, to)).includes("\ufffd");
  const made: string[] = [];
  while (made.length < ids.length) {
    const from = made.length;
    let to = from + 1;
    if (broken(from, to)) while (to < ids.length && to - from < MOST_BYTES && broken(from, to)) to++;
    const whole = to > from + 1 && !broken(from, to);
    made.push(whole ? decode(ids.slice(from, to)) : piece(ids[from]!), ...(whole ? new Array<string>(to - from - 1).fill("") : []));
  }
  return made;
}

/** Throws `vocabulary-mismatch` where the tokenizer makes ids that the model has no embedding for. Spare rows are usual. */
export function requireVocabulary(tokenizer: Tokenizer, rows: number, modelName: string): void {
  if (tokenizer.size <= rows) return;
  throw new CheckpointError("vocabulary-mismatch", `the tokenizer makes ids up to ${tokenizer.size - 1}; the embedding of \`${modelName}\` has ${rows} rows`, { help: "use the tokenizer that belongs to the model" });
}
