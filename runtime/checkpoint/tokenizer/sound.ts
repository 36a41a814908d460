/** Without this file a tokenizer.json could make ids that no model has, or other ids each time. */
import { CheckpointError } from "../error.ts";
import type { Json, JsonObject } from "../strict_json.ts";

const MODELS = ["BPE", "Unigram", "WordLevel", "WordPiece"];
/** Sixty times the largest vocabulary there is. */
const LARGEST_ID = 2 ** 24 - 1;

/**
 * What of a tokenizer.json would else be taken on trust: the kind of its model (old files of BPE name none), that ids are ids, that rules look for
 * something, and that nothing is left to chance.
 * @throws CheckpointError `unsupported-tokenizer`
 */
export function requireSoundTokenizer(file: string, { model, added_tokens: added, ...rest }: JsonObject): void {
  const fault = (what: string, notes: readonly string[], help: string): CheckpointError => new CheckpointError("unsupported-tokenizer", `${file} cannot be used: ${what}`, { notes, help });
  const type = member(model, "type");
  if (type !== undefined && !MODELS.some((known) => known === type)) throw fault(`its model is ${JSON.stringify(type)}`, [`supported: ${MODELS.join(", ")}`], 'set model "…"');
  const dropout = member(model, "dropout") ?? null;
  if (dropout !== null && dropout !== 0) throw fault(`its model has the dropout ${JSON.stringify(dropout)}`, ["it leaves out joins by chance, so one text would have other ids each time"], "set `dropout` to null in a copy of it");
  const vocabulary = member(model, "vocab");
  const bad = badId(typeof vocabulary === "object" && vocabulary !== null && !Array.isArray(vocabulary) ? (vocabulary as JsonObject) : {}, Array.isArray(added) ? added : []);
  const odd = patterns({ normalizer: rest["normalizer"] ?? null, pre_tokenizer: rest["pre_tokenizer"] ?? null, decoder: rest["decoder"] ?? null }).find((pattern) => typeof member(pattern, "String") !== "string" && typeof member(pattern, "Regex") !== "string");
  if (odd !== undefined) throw fault(`a rule looks for ${JSON.stringify(odd).slice(0, 200)}`, ["a pattern is a `String` or a `Regex`"], "download the file again");
  if (bad !== undefined) throw fault(`${JSON.stringify(bad[0])} has the id ${JSON.stringify(bad[1] ?? null)}`, [`ids are whole numbers up to ${LARGEST_ID}`], "download the file again");
}

/** The first token whose id is none. Without a list of pairs: a vocabulary may have 256,000. */
function badId(vocabulary: JsonObject, added: readonly Json[]): readonly [string, Json | undefined] | undefined {
  const isId = (id: Json | undefined): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) <= LARGEST_ID;
  for (const name of Object.keys(vocabulary)) if (!isId(vocabulary[name])) return [name, vocabulary[name]];
  const token = added.find((each) => !isId(member(each, "id")));
  return token === undefined ? undefined : [String(member(token, "content")), member(token, "id")];
}

/** Everything that rules look for; a pattern that is neither text nor a regular expression the library would leave out, with a word on the terminal. */
function patterns(value: Json): readonly Json[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(patterns);
  return Object.entries(value).flatMap(([key, inner]) => (key === "pattern" && typeof inner === "object" ? [inner] : patterns(inner)));
}

function member(value: Json | undefined, key: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined;
}
