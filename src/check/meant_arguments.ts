/** Without this file arguments with commas between them, with `=`, or in the words of Python would be refused one after the other. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Arg, Shape } from "../stages/args.ts";
import type { Foreign, StageDefinition } from "../stages/stage.ts";
import { single } from "./constant.ts";
import { hookNamed } from "./meant_words.ts";
import { ofColumns, wordOf } from "./misplaced.ts";
import { REWORDED } from "./reworded.ts";
import { beyondHelp, error } from "./scope.ts";
import { mended, mistakesOf, works, type Trial } from "./tried.ts";

/** One value, or one keyword, as it is to be written; `comma`: it goes on with the list before it. */
interface Piece {
  readonly text: string;
  readonly comma: boolean;
}

/** What was found on the way; the first is told. */
type Found = (message: string) => void;

/**
 * Checks a call; where it has mistakes and is right as `generate max 5 temperature 0.5` for `generate max 5, temperature=0.5 do_sample`, that is the one mistake told.
 * `words`: what stands behind the name. `check`: the call as it is written.
 */
export function orAsMeant(definition: StageDefinition, words: readonly Words[], input: Plan | null, trial: Trial, check: () => Plan): Plan {
  const { report } = trial;
  const before = new Set(report.diagnostics);
  const made = check();
  if (words.length === 0 || report.trial === true || report.expansions.nested > 0 || beyondHelp(report) || !report.diagnostics.some((each) => each.severity === "error" && !before.has(each))) return made;
  const told: string[] = [];
  const calls = candidates(definition, words, report.text, (message) => told.push(message));
  const meant = told.length === 0 ? null : firstMeant(definition, calls, input, trial);
  if (meant === null) return made;
  const span: Span = { start: words[0]!.span.start, end: words.at(-1)!.span.end };
  const within = ({ code, span: { start, end } }: Diagnostic): boolean => REWORDED.has(code) && start >= span.start && end <= span.end;
  report.diagnostics.splice(0, report.diagnostics.length, ...report.diagnostics.filter((each) => before.has(each) && !within(each)));
  const text = meant.call.slice(definition.name.length).trimStart();
  error(report, span, "extra-argument", told[0]!, { label: `write \`${meant.call}\``, fix: { span: text === "" ? { start: report.text.slice(0, span.start).trimEnd().length, end: span.end } : span, text }, ...(meant.notes.length === 0 ? {} : { notes: meant.notes }) });
  return made;
}

/** The first call that works, with names that are nearly there mended, else one of which only more than its words is wrong; null where there is none. `notes`: what was mended besides. */
function firstMeant(definition: StageDefinition, calls: readonly string[], input: Plan | null, trial: Trial): { readonly call: string; readonly notes: readonly string[] } | null {
  const whole = calls.find((call) => works(call, input, trial));
  if (whole !== undefined) return { call: whole, notes: [] };
  for (const call of calls) {
    const found = mended(call, input, trial);
    if (found !== null) return { call: found.text, notes: found.mistakes.map(({ message }) => message) };
  }
  // A column that has to be chosen, and what would be wrong with the stage by itself, are other mistakes, which are told next.
  const anyway = new Set((mistakesOf(definition.name, input, trial) ?? []).map(({ message }) => message));
  const call = calls.find((each) => mistakesOf(each, input, trial)?.every(({ code, label, message }) => (code === "missing-argument" && label !== undefined) || anyway.has(message)) === true);
  return call === undefined ? null : { call, notes: [] };
}

/** Calls that could be meant, the likeliest first. */
function candidates(definition: StageDefinition, words: readonly Words[], text: string, found: Found): readonly string[] {
  let made: readonly (readonly Piece[])[] = [[]];
  /** Keywords under another name, and nothing else: of one alone the checker tells more. */
  const renamed: string[] = [];
  for (let each = 0; each < words.length; each++) {
    const { items } = words[each]!;
    for (const [at, item] of items.entries()) {
      const pair = at < items.length - 1 ? null : pairOf(definition, item, words.slice(each + 1), at > 0, text, { found, renamed: (message) => void renamed.push(message) });
      const pieces = pair?.pieces ?? piecesOf(definition, item, at > 0, text, found);
      made = made.flatMap((before) => pieces.map((piece) => (piece.text === "" ? before : [...before, piece]))).slice(0, 8);
      each += pair?.used ?? 0;
    }
  }
  if (renamed.length > 1) found(renamed[0]!);
  const [first] = made[0] ?? [];
  const lone = Object.entries(definition.args).filter(([, { keyword, required, shape }]) => keyword && required && shape.kind === "int");
  // `acts 7, last 5`
  if (first !== undefined && lone.length === 1 && /^\d/.test(first.text) && Object.values(definition.args).every(({ keyword }) => keyword)) made = made.map(([, ...rest]) => [{ ...first, text: `${lone[0]![0]} ${first.text}` }, ...rest]);
  const variables = ofVariables(definition);
  if (variables !== null) made = made.map((pieces) => together(pieces, variables));
  const calls = made.map((pieces) => pieces.reduce((line, piece) => `${line}${piece.comma ? "," : ""} ${piece.text}`, definition.name));
  const whole = [...calls, ...calls.map((call) => completed(definition, call))];
  // What both tables have needs another name, which is no matter of how the arguments are written.
  return Object.hasOwn(definition.args, "suffix") ? [...whole, ...whole.map((call) => `${call} suffix "_other"`)] : whole;
}

/** A keyword or a word of another tool, and the words behind it that are its value, where the two say together what is meant; null where they do not. `used`: how many words the value has. */
function pairOf(definition: StageDefinition, { name, value, order }: Item, behind: readonly Words[], listed: boolean, text: string, { found, renamed }: { readonly found: Found; readonly renamed: Found }): { readonly pieces: readonly Piece[]; readonly used: number } | null {
  const word = name === null && order === null && value.kind === "name" && !value.quoted ? pathOf(value.path) : null;
  const given = behind[0] === undefined ? null : single(behind[0]);
  if (word === null || given === null || (listed && behind.length === 0)) return null;
  const as = (...texts: readonly string[]): readonly Piece[] => texts.map((each) => ({ text: each, comma: false }));
  const meant = foreign(definition, word);
  if (meant !== null) {
    const truth = truthOf(given);
    if (truth === null && meant.valued !== true) return null;
    found(meant.why ?? `\`${definition.name}\` has no \`${word}\``);
    return { pieces: as(...(truth === false ? [""] : meant.words)), used: 1 };
  }
  const own = keywordOf(definition, word);
  const variables = ofVariables(definition);
  if (own === null) {
    const literal = literalOf(given, text);
    if (variables === null || literal === null) return null;
    found(`\`${definition.name}\` has no \`${word}\`: what a template reads stands behind \`${variables}\``);
    return { pieces: as(`${variables} ${word} = ${literal}`), used: 1 };
  }
  const { shape } = definition.args[own]!;
  if (shape.kind === "assignments" && given.kind === "name" && !given.quoted && behind[1] !== undefined) {
    const next = single(behind[1]);
    const literal = next === null ? null : literalOf(next, text);
    if (literal === null) return null;
    found("`=` stands between a name and its value");
    return { pieces: as(`${own} ${text.slice(given.span.start, given.span.end)} = ${literal}`), used: 2 };
  }
  if (shape.kind === "string" && !shape.list && given.kind !== "str") {
    const isWord = (each: Words): boolean => keywordOf(definition, wordOf(each) ?? "") !== null;
    const end = behind.findIndex(isWord);
    const parts = end < 0 ? behind : behind.slice(0, end);
    // Of one word, and of a param, the checker tells more.
    if (parts.length === 0 || given.kind === "paramRef" || (given.kind === "name" && parts.length === 1)) return null;
    found("text stands in quotes");
    return { pieces: as(`${own} ${JSON.stringify(text.slice(parts[0]!.span.start, parts.at(-1)!.span.end))}`), used: parts.length };
  }
  if (shape.kind === "flag") return null;
  const other = valueAs(shape, given, text);
  if (own !== word && other === null && !listed) renamed(`\`${definition.name}\` has no \`${word}\``);
  else if (own !== word) found(`\`${definition.name}\` has no \`${word}\``);
  else if (listed) found("no comma stands before a keyword");
  return { pieces: as(`${own} ${other ?? text.slice(given.span.start, given.span.end)}`), used: 1 };
}

/** Variables that were written apart, behind one keyword, which stands once. */
function together(pieces: readonly Piece[], keyword: string): readonly Piece[] {
  const apart = pieces.filter(({ text }) => text.startsWith(`${keyword} `));
  return apart.length < 2 ? pieces : [...pieces.filter((each) => !apart.includes(each)), { text: `${keyword} ${apart.map(({ text }) => text.slice(keyword.length + 1)).join(", ")}`, comma: false }];
}

/** The keyword that variables of a template stand behind; null where a stage has none. */
function ofVariables({ args }: StageDefinition): string | null {
  return Object.entries(args).find(([, { keyword, shape }]) => keyword && shape.kind === "assignments" && shape.of === "template")?.[0] ?? null;
}

/** A number, a text or a truth value as it is written here; null for all else. */
function literalOf(value: Expr, text: string): string | null {
  const truth = value.kind === "num" ? null : truthOf(value);
  if (truth !== null) return String(truth);
  return value.kind === "num" || value.kind === "str" ? text.slice(value.span.start, value.span.end) : null;
}

/** A value as the argument takes it, where other tools write it otherwise: `"left"`, `True`, `["reference"]`; null where it is written alike. */
function valueAs(shape: Shape, value: Expr, text: string): string | null {
  if (shape.kind === "oneOf") {
    // TransformerLens puts a word before its hooks.
    const plain = value.kind === "str" || value.kind === "name" ? (value.kind === "str" ? value.value : value.path.join(".")).replace(/^hook_/, "") : null;
    if (plain !== null && (value.kind === "str" || shape.options.includes(plain))) return plain;
    const truth = truthOf(value);
    const sign = truth === null ? undefined : shape.signs?.[String(truth)];
    return sign ?? null;
  }
  if (!ofColumns(shape)) return null;
  const all = value.kind === "list" ? value.items : [value];
  return all.length > 0 && all.every((each) => each.kind === "str" || each.kind === "name") && all.some((each) => each.kind === "str" || value.kind === "list")
    ? all.map((each) => (each.kind === "str" ? printColumn(each.value) : text.slice(each.span.start, each.span.end))).join(", ")
    : null;
}

/** One item in the ways that it may be written; "" leaves it out. */
function piecesOf(definition: StageDefinition, { name, value, order, span }: Item, listed: boolean, text: string, found: Found): readonly Piece[] {
  const written = text.slice(span.start, span.end);
  const plain = [{ text: written, comma: listed }];
  const word = name !== null ? pathOf(name.path) : value.kind === "name" && !value.quoted ? pathOf(value.path) : null;
  const hook = value.kind === "str" && definition.args["layer"]?.keyword === true && definition.args["hook"]?.keyword === true ? hookNamed(value.value) : null;
  if (hook !== null) {
    found("layers are numbers here, and hooks are words");
    return [{ text: hook, comma: false }];
  }
  if (word === null && name === null && order === null && !listed) return byItsEnding(definition, value, text, found) ?? plain;
  if (word === null || order !== null) return plain;
  const meant = foreign(definition, word);
  const truth = name === null ? true : truthOf(value);
  if (meant !== null && (truth !== null || meant.valued === true)) {
    found(meant.why ?? (meant.words[0] === "" && truth === true ? `\`${definition.name}\` needs no \`${word}\`: it is so unless something else is said` : `\`${definition.name}\` has no \`${word}\``));
    return (truth === false ? [""] : meant.words).map((each) => ({ text: each, comma: false }));
  }
  const own = keywordOf(definition, word);
  if (own === null) return asVariable(definition, word, name === null ? null : literalOf(value, text), found) ?? plain;
  if (name === null) {
    if (listed) found("no comma stands before a keyword");
    return [{ text: own, comma: false }];
  }
  found("a keyword and its value have a blank between them");
  const { kind } = definition.args[own]!.shape;
  if (kind === "flag") return truth === null ? plain : [{ text: truth ? own : "", comma: false }];
  const given = valueAs(definition.args[own]!.shape, value, text) ?? text.slice(value.span.start, value.span.end);
  return [{ text: `${own} ${given}`, comma: false }];
}

const pathOf = (path: readonly string[]): string | null => (path.length === 1 ? path[0]! : null);

/** `enable_thinking=False`: a variable of the template. */
function asVariable(definition: StageDefinition, word: string, literal: string | null, found: Found): readonly Piece[] | null {
  const variables = ofVariables(definition);
  if (variables === null || literal === null) return null;
  found(`\`${definition.name}\` has no \`${word}\`: what a template reads stands behind \`${variables}\``);
  return [{ text: `${variables} ${word} = ${literal}`, comma: false }];
}

/** A file without its keyword, where one argument alone takes files that end so. */
function byItsEnding({ name, args }: StageDefinition, value: Expr, text: string, found: Found): readonly Piece[] | null {
  if (value.kind !== "str" || Object.values(args).some(({ keyword }) => !keyword)) return null;
  const [only, ...others] = Object.entries(args).filter(([, { shape }]) => shape.kind === "path" && shape.extensions.some((each) => value.value.endsWith(each)));
  if (only === undefined || others.length > 0) return null;
  found(`\`${name}\` takes a file behind \`${only[0]}\``);
  return [{ text: `${only[0]} ${text.slice(value.span.start, value.span.end)}`, comma: false }];
}

function foreign({ foreignWords }: StageDefinition, word: string): Foreign | null {
  const found = foreignWords !== undefined && Object.hasOwn(foreignWords, word) ? foreignWords[word]! : null;
  return found === null ? null : "words" in found ? found : { words: found };
}

function keywordOf({ args }: StageDefinition, word: string): string | null {
  const fits = ([name, { keyword, alsoCalled }]: readonly [string, Arg]): boolean => keyword && (name === word || alsoCalled?.includes(word) === true);
  return Object.entries(args).find(fits)?.[0] ?? null;
}

/** `True`, `true` and `1`; null for what is no truth value. */
function truthOf(value: Expr): boolean | null {
  if (value.kind === "bool") return value.value;
  if (value.kind === "name" && /^(?:True|False)$/.test(value.path.join("."))) return value.path[0] === "True";
  return value.kind === "num" && (value.value === 0 || value.value === 1) ? value.value === 1 : null;
}

/** A call with the keywords that it must have, as the first example gives them. */
function completed({ name, args, examples }: StageDefinition, call: string): string {
  const example = examples[0]?.query ?? "";
  const own = example.slice(example.lastIndexOf(`${name} `));
  const missing = Object.entries(args).filter(([each, { keyword, required }]) => keyword && required && !new RegExp(`\\b${each}\\b`).test(call));
  return missing.reduce((line, [each]) => {
    const value = new RegExp(`\\b${each} (\\S+)`).exec(own)?.[1];
    return value === undefined ? line : `${name} ${each} ${value}${line.slice(name.length)}`;
  }, call);
}
