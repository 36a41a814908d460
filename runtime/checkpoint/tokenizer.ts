/** Without this file text could not become the ids that a model reads. */
import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { createHash } from "node:crypto";
import { CheckpointError } from "./error.ts";
import { findFile, requireFile, requireFolder } from "./real_path.ts";
import { readJsonObject, type Json, type JsonObject } from "./strict_json.ts";

export interface Tokenizer {
  /** Content fingerprint of tokenizer.json and tokenizer_config.json, part of every cache key. */
  readonly digest: string;
  /** Highest id + 1. */
  readonly size: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** Whether the tokenizer itself puts BOS before a text: its post-processor does, or `add_bos_token` says so. */
  readonly prependsBos: boolean;
  /** Ids that stand for no text: masked from statistics by default. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of a text. With `bos` it starts with the BOS id exactly once, also where the text spells it out. */
  encode(text: string, options: { readonly bos: boolean }): Int32Array;
  /** The text of ids, special tokens included. */
  decode(ids: ArrayLike<number>): string;
  /** One id as text: what it adds to a line, or `<id>` where it is no whole character. */
  piece(id: number): string;
}

/** Read `tokenizer.json` and `tokenizer_config.json`. Throws `CheckpointError`. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const folder = await requireFolder(path);
  const file = await requireFile(folder, "tokenizer.json", "download the model's tokenizer.json as well; other tokenizer files are not read");
  const tokenizer = await readJsonObject(file);
  const configFile = await findFile(folder, "tokenizer_config.json");
  const config = configFile === null ? { bytes: new Uint8Array(), value: {} } : await readJsonObject(configFile);
  let hub: HubTokenizer;
  try {
    hub = new HubTokenizer(tokenizer.value, config.value);
  } catch (error) {
    throw new CheckpointError("unsupported-tokenizer", `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { help: 'set model "…" to one whose tokenizer.json Hugging Face tokenizers can read' });
  }
  return wrap(hub, config.value, createHash("sha256").update(tokenizer.bytes).update(config.bytes).digest("hex"));
}

function wrap(hub: HubTokenizer, config: JsonObject, digest: string): Tokenizer {
  const special = (key: string): number | null => {
    const content = tokenText(config[key]);
    return content === null ? null : (hub.token_to_id(content) ?? null);
  };
  const bosId = special("bos_token");
  const size = [...hub.get_vocab(true).values()].reduce((most, id) => Math.max(most, id + 1), 0);
  const specialIds = new Set([...hub.get_added_tokens_decoder()].flatMap(([id, token]) => (token.special ? [id] : [])));
  const decode = (ids: ArrayLike<number>): string => hub.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  const pieces = new Map<number, string>();
  return {
    digest,
    size,
    bosId,
    eosId: special("eos_token"),
    prependsBos: bosId !== null && (config["add_bos_token"] === true || hub.encode("", { add_special_tokens: true }).ids[0] === bosId),
    specialIds,
    encode(text, { bos }) {
      const ids = hub.encode(text, { add_special_tokens: false }).ids;
      if (!bos) return Int32Array.from(ids);
      if (bosId === null) throw new CheckpointError("no-bos-token", "a beginning-of-text token is asked for, and the tokenizer names no `bos_token`", { help: "set bos false" });
      return Int32Array.from(ids[0] === bosId ? ids : [bosId, ...ids]);
    },
    decode,
    piece(id) {
      const known = pieces.get(id);
      if (known !== undefined) return known;
      const text = pieceOf(hub, decode, id);
      pieces.set(id, text);
      return text;
    },
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

/** Throws `vocabulary-mismatch` where the tokenizer makes ids that the model has no embedding for. Spare rows are usual. */
export function requireVocabulary(tokenizer: Tokenizer, rows: number, modelName: string): void {
  if (tokenizer.size <= rows) return;
  throw new CheckpointError("vocabulary-mismatch", `the tokenizer makes ids up to ${tokenizer.size - 1}; the embedding of \`${modelName}\` has ${rows} rows`, { help: "use the tokenizer that belongs to the model" });
}
