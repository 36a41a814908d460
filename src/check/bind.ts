/** Without this file the words after a stage's name would have no roles. */
import type { Arg as Words } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import { cover } from "../../grammar/span.ts";
import type { Schema } from "../ops/schema.ts";
import { holdsOf, type Shape } from "../stages/args.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";
import { KIND_WORDS } from "./arguments_of_kinds.ts";
import { withLineBefore } from "./line_before.ts";
import { misplaced, needless, wordOf } from "./misplaced.ts";
import { error, type Report } from "./scope.ts";
import { asOne } from "./token_places.ts";

/** Which words fill which argument. `words` is null for a flag. `span` covers the keyword too. */
export interface Slot {
  readonly words: Words | null;
  readonly span: Span;
}
export type Slots = ReadonlyMap<string, Slot>;

/** Arguments that no bare word is a value of: another keyword behind theirs says that it has none. */
const WORDLESS: readonly Shape["kind"][] = ["int", "float", "duration", "bool", "string", "path"];

/** Keywords in any order, positionals in the order of the signature. Null when a word has no place; that is reported. `input`: null for none. */
export function bindWords(definition: StageDefinition, words: readonly Words[], at: Span, input: Schema | null, report: Report): Slots | null {
  const slots = new Map<string, Slot>();
  const specs = Object.entries(definition.args);
  const keywords = specs.filter(([, spec]) => spec.keyword).map(([name]) => name);
  const wrong = (span: Span, code: string, message: string, more: Parameters<typeof error>[4] = {}): null =>
    error(report, span, code, message, { ...more, notes: [...(more.notes ?? []), `usage: ${usage(definition)}`] });
  for (let i = 0; i < words.length; i++) {
    const each = words[i]!;
    if (each.items.some((item) => item.value.kind === "hole" && item.name === null) && each.items.length === 1) return null;
    const word = wordOf(each);
    const spec = word !== null && keywords.includes(word) ? definition.args[word] : undefined;
    if (word !== null && spec !== undefined) {
      if (slots.has(word)) return wrong(each.span, "repeated-argument", `\`${word}\` is given twice`);
      if (spec.shape.kind === "flag") {
        slots.set(word, { words: null, span: each.span });
        continue;
      }
      const value = words[++i];
      if (value === undefined || (WORDLESS.includes(spec.shape.kind) && keywords.includes(wordOf(value) ?? ""))) return wrong(each.span, "missing-value", `\`${word}\` needs a value`, { ...asOne(word, each.span), notes: [spec.doc] });
      slots.set(word, { words: value, span: cover(each.span, value.span) });
      continue;
    }
    const open = specs.find(([name, candidate]) => !candidate.keyword && !slots.has(name) && holdsOf(candidate, input));
    if (open === undefined) {
      // What it takes of another kind of input alone is no mistake of writing.
      const ofOthers = input !== null && specs.some(([, spec]) => !spec.keyword && !holdsOf(spec, input));
      const called = `\`${definition.name}\`${ofOthers ? ` of ${KIND_WORDS[input.kind]}` : ""}`;
      const { known, ...hint } = misplaced({ definition, input, words, at: i, filled: [...slots.keys()], text: report.text, ownLine: (line, span) => withLineBefore(line, { span, text: "" }, report) });
      return wrong(each.span, word === null ? "extra-argument" : "unknown-keyword", `${called} has no ${word === null ? "place for this" : `\`${word}\``}`, { ...hint, notes: [...(hint.notes ?? []), known] });
    }
    const filler = needless(each, words[i + 1], ...open);
    if (filler !== null) return wrong(each.span, "extra-argument", `\`${definition.name}\` needs no \`${word}\``, filler);
    slots.set(open[0], { words: each, span: each.span });
  }
  for (const [name, spec] of specs) {
    if (spec.required && !slots.has(name))
      return wrong(at, "missing-argument", `\`${definition.name}\` needs ${spec.keyword ? `\`${name}\`` : `<${name}>`}`, {
        notes: [spec.doc],
        ...(definition.examples[0] === undefined ? {} : { help: definition.examples[0].query }),
      });
  }
  return slots;
}
