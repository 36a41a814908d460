/** Without this file an editor could not say which argument a word belongs to while the stage is still half-written. */
import type { Arg as Words } from "../../grammar/ast.ts";
import { single } from "../check/constant.ts";
import type { Schema } from "../ops/schema.ts";
import { holdsOf } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";

/** One group of words of a stage: a keyword or flag, or the value of an argument. */
export interface Placed {
  readonly words: Words;
  /** Null where the signature has no place for it. */
  readonly argument: string | null;
  readonly part: "keyword" | "value";
}

/** The bare word that an argument consists of, or null. */
function bareWord(words: Words): string | null {
  const value = single(words);
  return value !== null && value.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]! : null;
}

/** The binder's rules without its complaints: keywords in any order, positionals in the order of the signature. */
export function placeWords(definition: StageDefinition, words: readonly Words[]): readonly Placed[] {
  const specs = Object.entries(definition.args);
  const filled = new Set<string>();
  const placed: Placed[] = [];
  for (let i = 0; i < words.length; i++) {
    const each = words[i]!;
    const word = bareWord(each);
    const spec = word !== null && Object.hasOwn(definition.args, word) ? definition.args[word] : undefined;
    if (word !== null && spec !== undefined && spec.keyword) {
      filled.add(word);
      placed.push({ words: each, argument: word, part: "keyword" });
      const value = spec.shape.kind === "flag" ? undefined : words[i + 1];
      if (value === undefined) continue;
      placed.push({ words: value, argument: word, part: "value" });
      i++;
      continue;
    }
    const open = specs.find(([name, candidate]) => !candidate.keyword && !filled.has(name))?.[0] ?? null;
    if (open !== null) filled.add(open);
    placed.push({ words: each, argument: open, part: "value" });
  }
  return placed;
}

/** The argument that would be filled next: the value of a keyword just typed, or the next positional; null where only keywords are left. `input`: null where nobody knows it. */
export function nextArgument(definition: StageDefinition, placed: readonly Placed[], input: Schema | null = null): string | null {
  const last = placed.at(-1);
  if (last !== undefined && last.part === "keyword" && last.argument !== null && definition.args[last.argument]?.shape.kind !== "flag") return last.argument;
  const filled = new Set(placed.map(({ argument }) => argument));
  return Object.entries(definition.args).find(([name, spec]) => !spec.keyword && holdsOf(spec, input) && !filled.has(name))?.[0] ?? null;
}
