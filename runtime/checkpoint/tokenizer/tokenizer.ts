/** Without this file text could not become the ids that a model reads. */
import { createHash } from "node:crypto";
import { CheckpointError } from "../error.ts";
import { findFile, requireFile, requireFolder } from "../real_path.ts";
import { parseJsonObject, readJsonBytes, type JsonObject } from "../strict_json.ts";
import type { TokenizerCard, TokenizerCards } from "./card.ts";
import { TextTokenizer, type TokenizerFacts } from "./text_tokenizer.ts";
import { requireSoundTokenizer } from "./sound.ts";
import { spelling } from "./decoder.ts";
import { timeBoxed, TOKENIZER_PATIENCE, type Patience } from "./patience.ts";

export interface Tokenizer extends Omit<TokenizerCard, "specialIds"> {
  /** Ids that stand for no text, BOS and EOS among them: masked from statistics by default. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of a text. With `bos` it starts with the BOS id exactly once, also where the text spells it out. */
  encode(text: string, options: { readonly bos: boolean }): Int32Array;
  /** The same a few thousand at a time, so that others have their turn while a book is read, and nobody waits for the end of one of which the start is wanted. */
  idsOf(text: string, options: { readonly bos: boolean }): Iterable<Int32Array>;
  /** The text of ids, special tokens included. */
  decode(ids: ArrayLike<number>): string;
  /** One id as text: what it adds to a line, or its own name where it is no whole character. */
  piece(id: number): string;
  /** The bytes of an id that is no text by itself, as one that ends within a character; null for others, which `piece` tells. */
  bytes(id: number): Uint8Array | null;
  /** Ids in a row as text, one for each: of a character that several of them spell, the first has all and the others nothing. */
  pieces(ids: ArrayLike<number>): readonly string[];
}

/** Files that a tokenizer is made of. */
interface TokenizerFiles {
  readonly tokenizer: JsonFile;
  readonly config: JsonFile | null;
  /** `special_tokens_map.json`, the model's `config.json` and `added_tokens.json`. */
  readonly others: readonly [JsonFile | null, JsonFile | null, JsonFile | null];
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
  const file = (await findFile(folder, "tokenizer.json")) ?? (await requireFile(folder, "tokenizer.json", await whereNoTokenizer(folder)));
  const optional = async (name: string): Promise<JsonFile | null> => {
    const found = await findFile(folder, name);
    return found === null ? null : { path: found, bytes: await readJsonBytes(found) };
  };
  const files: TokenizerFiles = { tokenizer: { path: file, bytes: await readJsonBytes(file) }, config: await optional("tokenizer_config.json"), others: [await optional("special_tokens_map.json"), await optional("config.json"), await optional("added_tokens.json")] };
  const id = cards === null ? "" : contentOf(files);
  const known = cards?.recall(id) ?? null;
  if (known !== null) return wrap(known, whenAsked(() => build(files, patience).hub));
  const { hub, card } = build(files, patience);
  cards?.keep(id, card);
  return wrap(card, () => hub);
}

/** What a tokenizer.json is made from, where its publisher has none. */
const SOURCES = ["tokenizer.model", "spiece.model", "vocab.json", "vocab.txt", "tekken.json"];

async function whereNoTokenizer(folder: string): Promise<string> {
  const there = (await Promise.all(SOURCES.map(async (name) => ((await findFile(folder, name)) === null ? [] : [name])))).flat();
  if (there.length === 0) return "download the model's tokenizer.json as well; other tokenizer files are not read";
  const at = JSON.stringify(folder);
  return `make it from ${there[0]} once: transformers.AutoTokenizer.from_pretrained(${at}).save_pretrained(${at})`;
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

function build({ tokenizer: { path, bytes }, config: configFile, others: otherFiles }: TokenizerFiles, patience: Patience): { readonly hub: Words; readonly card: TokenizerCard } {
  const tokenizer = parseJsonObject(bytes, path);
  const valueOf = (each: JsonFile | null): JsonObject => (each === null ? {} : parseJsonObject(each.bytes, each.path));
  const config = valueOf(configFile);
  requireSoundTokenizer(path, tokenizer);
  const [specialTokensMap, model, addedTokens] = [valueOf(otherFiles[0]), valueOf(otherFiles[1]), valueOf(otherFiles[2])];
  return usable(path, () => {
    const hub = new TextTokenizer(tokenizer, { config, specialTokensMap, addedTokens, model });
    const facts = hub.facts();
    const tokens: SpecialTokens = { bosId: specialId(hub, facts, "bos_token", model), eosId: specialId(hub, facts, "eos_token", model) };
    const read = [bytes, configFile?.bytes ?? "", JSON.stringify(tokens), otherFiles[0]?.bytes ?? "", otherFiles[2]?.bytes ?? ""];
    const digest = read.reduce((hash, each) => hash.update(each), createHash("sha256")).digest("hex");
    const card: TokenizerCard = {
      ...tokens,
      digest,
      size: facts.size,
      prependsBos: startsWithBos(facts, tokens.bosId),
      notes: [...disagreement(facts, config, tokens.bosId, configFile?.path ?? path), ...leftOut(hub, facts, tokens.bosId, path), ...built(facts, path)],
      specialIds: [...new Set([...facts.special, ...[tokens.bosId, tokens.eosId].filter((id) => id !== null)])],
    };
    return { hub: boxed(path, hub, timeBoxed(path, tokenizer, patience)), card };
  });
}

/** The library takes files as they should be: what it stumbles over is a fault of the file, also where it shows at the first text only. */
function usable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError("unsupported-tokenizer", `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { help: 'set model "…"' });
  }
}

/** What is asked about texts. */
type Words = Pick<TextTokenizer, "encode" | "decode" | "tokenOf" | "idsOf">;

/** Ids that are made at a time, at least, where a text has more. */
const SOME_IDS = 8192;

/** Rules may not take for ever, and failures are of the file. */
function boxed(file: string, hub: TextTokenizer, box: ReturnType<typeof timeBoxed>): Words {
  return {
    encode: (text) => usable(file, () => box(text.length, () => hub.encode(text))),
    *idsOf(text) {
      const left = hub.idsOf(text);
      for (let ended = false; !ended; ) {
        yield usable(file, () =>
          box(text.length, () => {
            const some: number[] = [];
            while (some.length < SOME_IDS) {
              const next = left.next();
              ended = next.done === true;
              if (next.done === true) break;
              for (const id of next.value) some.push(id);
            }
            return some;
          }),
        );
      }
    },
    decode: (ids) => usable(file, () => box(ids.length, () => hub.decode(ids))),
    tokenOf: (id) => hub.tokenOf(id),
  };
}

interface SpecialTokens {
  readonly bosId: number | null;
  readonly eosId: number | null;
}

/** A file that has the key decides, also by null: Qwen says so that it has no BOS. GPT-2 on the hub names its BOS only in the model's config, as an id. One in no vocabulary is none. */
function specialId(hub: TextTokenizer, { named, counted }: TokenizerFacts, key: string, model: JsonObject): number | null {
  if (Object.hasOwn(named, key)) {
    const content = named[key] ?? null;
    const id = content === null ? undefined : hub.idOf(content);
    return id === undefined || counted.has(id) ? null : id;
  }
  const given = model[`${key}_id`];
  const id = Array.isArray(given) ? given[0] : given;
  return typeof id === "number" && hub.tokenOf(id) !== undefined ? id : null;
}

function startsWithBos({ around }: TokenizerFacts, bosId: number | null): boolean {
  return bosId !== null && around.before[0] === bosId;
}

function disagreement(facts: TokenizerFacts, config: JsonObject, bosId: number | null, file: string): readonly string[] {
  const [said, done] = [config["add_bos_token"], startsWithBos(facts, bosId)];
  if (typeof said !== "boolean" || said === done || bosId === null) return [];
  return [`${file}: \`add_bos_token\` is ${said}, but the post-processor of tokenizer.json puts ${done ? "one" : "none"}, and that is followed as transformers 5 does; \`set bos ${said}\` for the other`];
}

/** A text is read as it stands, BOS apart: a token that its tokenizer would put around it is told of. */
function leftOut(hub: TextTokenizer, { around }: TokenizerFacts, bosId: number | null, file: string): readonly string[] {
  const ids = [...around.before, ...around.after];
  const others = ids.filter((id, at) => at > 0 || id !== bosId).map((id) => hub.tokenOf(id) ?? `<${id}>`);
  return others.length === 0 ? [] : [`${file}: its post-processor puts ${others.join(" and ")} around a text, as transformers does by itself; they are left out here`];
}

function built({ kind, otherwise }: TokenizerFacts, file: string): readonly string[] {
  return otherwise.length === 0 ? [] : [`${file}: its ${otherwise.join(" and ")} ${otherwise.length === 1 ? "is" : "are"} followed, as transformers 4 does; transformers 5 builds a ${kind} with ${otherwise.length === 1 ? "another" : "others"} of its own`];
}

/** `hub` is asked for when a text or an id is to be read. */
function wrap(card: TokenizerCard, hub: () => Words): Tokenizer {
  const { bosId } = card;
  const decode = (ids: ArrayLike<number>): string => hub().decode(Array.from(ids));
  const pieces = new Map<number, string>();
  const piece = (id: number): string => {
    const known = pieces.get(id);
    if (known !== undefined) return known;
    const text = pieceOf(hub(), decode, id);
    pieces.set(id, text);
    return text;
  };
  const spellings = new Map<number, Uint8Array | null>();
  const bytes = (id: number): Uint8Array | null => {
    const known = spellings.get(id);
    if (known !== undefined) return known;
    const found = decode([id]).includes("\ufffd") ? spelling(hub().tokenOf(id) ?? "") : null;
    spellings.set(id, found);
    return found;
  };
  /** With `bos`, behind one: those of a text that spells it out have it once. */
  const begun = (ids: readonly number[], bos: boolean): Int32Array => {
    if (!bos) return Int32Array.from(ids);
    if (bosId === null) throw new CheckpointError("no-bos-token", "a beginning-of-text token is asked for, and the tokenizer names no `bos_token`", { help: "set bos false" });
    return Int32Array.from(ids[0] === bosId ? ids : [bosId, ...ids]);
  };
  return {
    ...card,
    specialIds: new Set(card.specialIds),
    encode: (text, { bos }) => begun(hub().encode(text), bos),
    *idsOf(text, { bos }) {
      let first = true;
      for (const ids of hub().idsOf(text)) {
        yield begun(ids, bos && first);
        first = false;
      }
    },
    decode,
    piece,
    bytes,
    pieces: (ids) => piecesOf(Array.from(ids), piece, decode),
  };
}

/** A leading space is lost by decoders that strip the start of a text, so the id is decoded after itself and the repetition cut off. */
function pieceOf(hub: Words, decode: (ids: ArrayLike<number>) => string, id: number): string {
  if (hub.tokenOf(id) === undefined) return `<${id}>`;
  const once = decode([id]);
  if (once.includes("\ufffd")) return hub.tokenOf(id) ?? `<${id}>`;
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

/**
 * The tokenizer of a model with so many rows. Spare rows are usual; throws `vocabulary-mismatch` where the files give ids that have none, and, when a
 * text spells one, for a token that transformers counts on to.
 */
export function forRows(tokenizer: Tokenizer, rows: number, modelName: string): Tokenizer {
  const fault = (what: string, help: string): CheckpointError => new CheckpointError("vocabulary-mismatch", `${what}; the embedding of \`${modelName}\` has ${rows} rows`, { help });
  if (tokenizer.size > rows) throw fault(`the tokenizer makes ids up to ${tokenizer.size - 1}`, "use the tokenizer that belongs to the model");
  const within = (ids: Int32Array): Int32Array => {
    const far = ids.find((id) => id >= rows);
    if (far !== undefined) throw fault(`a text spells ${JSON.stringify(tokenizer.piece(far))}, which is named as a token beyond the vocabulary, as transformers has it with the id ${far}`, "leave that text out, or the token out of a copy of tokenizer_config.json");
    return ids;
  };
  return {
    ...tokenizer,
    encode: (text, options) => within(tokenizer.encode(text, options)),
    *idsOf(text, options) {
      for (const ids of tokenizer.idsOf(text, options)) yield within(ids);
    },
  };
}
