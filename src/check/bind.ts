/** Without this file the words after a stage's name would have no roles. */
import type { Arg as Words } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import { printArg, printExpr } from "../../grammar/print_parts.ts";
import { cover } from "../../grammar/span.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";
import { single } from "./constant.ts";
import { error, type Report } from "./scope.ts";
import { SETTINGS } from "./settings.ts";
import { listed, nearest } from "./suggest.ts";

/** Which words fill which argument. `words` is null for a flag. `span` covers the keyword too. */
export interface Slot {
  readonly words: Words | null;
  readonly span: Span;
}
export type Slots = ReadonlyMap<string, Slot>;

function wordOf(words: Words): string | null {
  const value = single(words);
  return value !== null && value.kind === "name" && !value.quoted && value.path.length === 1 ? value.path[0]! : null;
}

/** The keyword that was left out (`acts 7`), or that was written as in Python (`acts layer=7`). */
function withKeyword({ items, span }: Words, words: readonly Words[], specs: readonly (readonly [string, StageDefinition["args"][string]])[]): Pick<Parameters<typeof error>[4] & object, "label" | "fix"> {
  const [item] = items;
  if (item === undefined || items.length > 1) return {};
  const given = item.name?.path.join(".");
  if (item.name !== null && specs.some(([name, { keyword, shape }]) => keyword && shape.kind !== "flag" && name === given)) {
    return { label: "write a blank for `=`", fix: { span: { start: item.name.span.end, end: item.value.span.start }, text: " " } };
  }
  const said = words.map(wordOf);
  const needed = specs.filter(([name, { keyword, required }]) => keyword && required && !said.includes(name));
  const [only] = needed;
  if (item.value.kind !== "num" || needed.length !== 1 || only === undefined) return {};
  return { label: `did you mean \`${only[0]}\` before it?`, fix: { span: { start: span.start, end: span.start }, text: `${only[0]} ` } };
}

/** A value whose keyword was left out (`acts layer 7 resid_post`), also with the prefix that TransformerLens gives to hooks. */
function asChoice(word: string, specs: readonly (readonly [string, StageDefinition["args"][string]])[]): string | null {
  const plain = word.replace(/^hook_/, "");
  const spec = specs.find(([, { keyword, shape }]) => keyword && shape.kind === "oneOf" && shape.options.includes(plain));
  return spec === undefined ? null : `${spec[0]} ${plain}`;
}

/** A setting that was written as if the stage had it for a keyword (`acts layer 7 sae "x"`, `sae="x"`): where it belongs, as a line to paste. */
function asSetting(name: string | undefined, value: string): { readonly notes: readonly string[]; readonly help: string } | null {
  if (name === undefined || !Object.hasOwn(SETTINGS, name)) return null;
  const { example, value: form } = SETTINGS[name]!;
  return { notes: [`\`${name}\` is a setting: on a line of its own it holds for all that follows`], help: `set ${name} ${value === "" ? (example ?? form) : value}` };
}

/** Keywords in any order, positionals in the order of the signature. Null when a word has no place; that is reported. */
export function bindWords(definition: StageDefinition, words: readonly Words[], at: Span, report: Report): Slots | null {
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
      if (value === undefined) return wrong(each.span, "missing-value", `\`${word}\` needs a value`, { notes: [spec.doc] });
      slots.set(word, { words: value, span: cover(each.span, value.span) });
      continue;
    }
    const open = specs.find(([name, candidate]) => !candidate.keyword && !slots.has(name));
    if (open === undefined) {
      const near = word === null ? null : nearest(word, keywords);
      const label = near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: each.span, text: near } };
      const known = keywords.length === 0 ? "it has no keywords" : `its keywords: ${listed(keywords)}`;
      const [item] = each.items;
      if (word === null) {
        const setting = item?.name == null ? null : asSetting(item.name.path.join("."), printExpr(item.value));
        return wrong(each.span, "extra-argument", `\`${definition.name}\` has no place for this`, { ...(setting ?? withKeyword(each, words, specs)), notes: [...(setting?.notes ?? []), known] });
      }
      const choice = asChoice(word, specs);
      if (choice !== null) return wrong(each.span, "unknown-keyword", `\`${definition.name}\` has no \`${word}\``, { label: `did you mean \`${choice}\`?`, fix: { span: each.span, text: choice }, notes: [known] });
      const setting = near === null ? asSetting(word, words[i + 1] === undefined ? "" : printArg(words[i + 1]!)) : null;
      return wrong(each.span, "unknown-keyword", `\`${definition.name}\` has no \`${word}\``, { ...label, ...setting, notes: [...(setting?.notes ?? []), known] });
    }
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
