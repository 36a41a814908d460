/** Without this file one regular expression in a tokenizer.json could keep saeq busy for ever with one short text. */
import { createContext, Script } from "node:vm";
import { CheckpointError } from "../error.ts";
import type { Json } from "../strict_json.ts";

/** The rules of the models that are read, which take time in proportion to a text: GPT-4's as Llama 3 and Qwen have it, and GPT-2's. */
const KNOWN = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
]);

/** A rule that nobody here has seen before, and where it stands. */
interface Rule {
  readonly place: string;
  readonly pattern: string;
}

/** How long a text may take: milliseconds for any, and for each of its characters. */
export interface Patience {
  readonly text: number;
  readonly character: number;
}
export const TOKENIZER_PATIENCE: Patience = { text: 5000, character: 0.1 };

/** Regular expressions of a tokenizer.json that are not known. */
function unknownRules(value: Json | undefined, place: string): readonly Rule[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each, at) => unknownRules(each, `${place}[${at}]`));
  return Object.entries(value).flatMap(([key, inner]): readonly Rule[] => {
    if (key !== "Regex") return unknownRules(inner, place === "" ? key : `${place}.${key}`);
    return typeof inner === "string" && !KNOWN.has(inner) ? [{ place, pattern: inner }] : [];
  });
}

/** Where rules stand; the vocabulary beside them is large, and holds none. */
const WITH_RULES = ["normalizer", "pre_tokenizer", "post_processor", "decoder"] as const;

/**
 * Does work on a text of so many characters, and ends it where rules that are not known take too long. Only the time a text takes is bounded:
 * a rule is neither judged by its looks nor replaced. Without such rules work is done as it is.
 * @throws CheckpointError `unsupported-tokenizer`, which names the rules
 */
export function timeBoxed(file: string, tokenizer: Readonly<Record<string, Json>>, patience: Patience): <T>(characters: number, work: () => T) => T {
  const rules = WITH_RULES.flatMap((part) => unknownRules(tokenizer[part], part));
  if (rules.length === 0) return (_, work) => work();
  const box: { work: (() => unknown) | null } = { work: null };
  const context = createContext(box);
  const script = new Script("work()");
  return <T>(characters: number, work: () => T): T => {
    const timeout = Math.ceil(patience.text + patience.character * characters);
    box.work = work;
    try {
      return script.runInContext(context, { timeout }) as T;
    } catch (error) {
      // Made in the other context, it is no Error of this one.
      if (!(typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT")) throw error;
      const named = rules.slice(0, 4).map(({ place, pattern }) => `${place}: /${pattern.length > 120 ? `${pattern.slice(0, 120)}…` : pattern}/`);
      throw new CheckpointError("unsupported-tokenizer", `a text of ${characters} characters was not taken apart within ${timeout / 1000} seconds by the rules of ${file}`, {
        notes: [...named, "a regular expression that tries every way to divide a text has no end"],
        help: "use the tokenizer.json of the model's publisher, or leave that text out",
      });
    } finally {
      box.work = null;
    }
  };
}
