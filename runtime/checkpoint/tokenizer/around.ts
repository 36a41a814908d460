/** Without this file nobody could say whether a tokenizer begins texts with a token of its own. */
import type { Json, JsonObject } from "../strict_json.ts";

export interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const NOTHING: Around = { before: [], after: [] };

/** Ids that the `post_processor` of a tokenizer.json puts around one text. Throws where one of its kind is not known. */
export function around(given: Json | undefined): Around {
  if (!isObject(given)) return NOTHING;
  switch (given["type"]) {
    case "ByteLevel":
      return NOTHING;
    case "Sequence":
      return (Array.isArray(given["processors"]) ? given["processors"] : []).map(around).reduce((inner, { before, after }) => ({ before: [...before, ...inner.before], after: [...inner.after, ...after] }), NOTHING);
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [idOf(given["cls"])], after: [idOf(given["sep"])] };
    case "TemplateProcessing":
      return template(given);
    default:
      throw new Error(`its post-processor is ${JSON.stringify(given["type"] ?? null)}`);
  }
}

/** `[token, id]`. */
function idOf(pair: Json | undefined): number {
  const id = Array.isArray(pair) ? pair[1] : undefined;
  if (typeof id !== "number" || !Number.isInteger(id)) throw new Error(`its post-processor puts ${JSON.stringify(pair ?? null)} around a text`);
  return id;
}

/** A token of a template stands for the ids that `special_tokens` gives it. */
function template(given: JsonObject): Around {
  if (!Array.isArray(given["single"])) throw new Error("its post-processor has no template of one text");
  const [before, after]: [number[], number[]] = [[], []];
  let text = false;
  for (const item of given["single"]) {
    if (isObject(item) && isObject(item["Sequence"])) {
      if (text) throw new Error("its post-processor puts a text twice");
      text = true;
      continue;
    }
    const name = isObject(item) && isObject(item["SpecialToken"]) ? item["SpecialToken"]["id"] : undefined;
    const known = isObject(given["special_tokens"]) && typeof name === "string" && Object.hasOwn(given["special_tokens"], name) ? given["special_tokens"][name] : undefined;
    const ids = isObject(known) && Array.isArray(known["ids"]) ? known["ids"] : [];
    if (ids.length === 0 || !ids.every((id) => Number.isInteger(id))) throw new Error(`its post-processor puts ${JSON.stringify(name ?? item)} around a text, and gives it no ids`);
    (text ? after : before).push(...(ids as number[]));
  }
  return { before, after };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
