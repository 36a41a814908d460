/** Without this file arguments with commas between them, with `=`, or in the words of Python would be refused one after the other. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { Arg } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { REWORDED } from "./reworded.ts";
import { beyondHelp, error } from "./scope.ts";
import { works, type Trial } from "./tried.ts";

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
  const written = candidates(definition, words, report.text, (message) => told.push(message)).find((each) => works(each, input, trial));
  if (written === undefined || told.length === 0) return made;
  const span: Span = { start: words[0]!.span.start, end: words.at(-1)!.span.end };
  const within = ({ code, span: { start, end } }: Diagnostic): boolean => REWORDED.has(code) && start >= span.start && end <= span.end;
  report.diagnostics.splice(0, report.diagnostics.length, ...report.diagnostics.filter((each) => before.has(each) && !within(each)));
  const text = written.slice(definition.name.length).trimStart();
  error(report, span, "extra-argument", told[0]!, { label: `write \`${written}\``, fix: { span, text } });
  return made;
}

/** Calls that could be meant, the likeliest first. */
function candidates(definition: StageDefinition, words: readonly Words[], text: string, found: Found): readonly string[] {
  let made: readonly (readonly Piece[])[] = [[]];
  for (const { items } of words) {
    for (const [at, item] of items.entries()) {
      const pieces = piecesOf(definition, item, at > 0, text, found);
      made = made.flatMap((before) => pieces.map((piece) => (piece.text === "" ? before : [...before, piece]))).slice(0, 8);
    }
  }
  const [first] = made[0] ?? [];
  const lone = Object.entries(definition.args).filter(([, { keyword, required, shape }]) => keyword && required && shape.kind === "int");
  // `acts 7, last 5`
  if (first !== undefined && lone.length === 1 && /^\d/.test(first.text) && Object.values(definition.args).every(({ keyword }) => keyword)) made = made.map(([, ...rest]) => [{ ...first, text: `${lone[0]![0]} ${first.text}` }, ...rest]);
  const calls = made.map((pieces) => pieces.reduce((line, piece) => `${line}${piece.comma ? "," : ""} ${piece.text}`, definition.name));
  return [...calls, ...calls.map((call) => completed(definition, call))];
}

/** One item in the ways that it may be written; "" leaves it out. */
function piecesOf(definition: StageDefinition, { name, value, order, span }: Item, listed: boolean, text: string, found: Found): readonly Piece[] {
  const written = text.slice(span.start, span.end);
  const plain = [{ text: written, comma: listed }];
  const word = name !== null ? pathOf(name.path) : value.kind === "name" && !value.quoted ? pathOf(value.path) : null;
  if (word === null || order !== null) return plain;
  const meant = foreign(definition, word);
  const truth = name === null ? true : truthOf(value);
  if (meant !== null && truth !== null) {
    found(meant[0] === "" && truth ? `\`${definition.name}\` needs no \`${word}\`: it is so unless something else is said` : `\`${definition.name}\` has no \`${word}\``);
    return (truth ? meant : [""]).map((each) => ({ text: each, comma: false }));
  }
  const own = keywordOf(definition, word);
  if (own === null) return plain;
  if (name === null) {
    if (listed) found("no comma stands before a keyword");
    return [{ text: own, comma: false }];
  }
  found("a keyword and its value have a blank between them");
  const { kind } = definition.args[own]!.shape;
  if (kind === "flag") return truth === null ? plain : [{ text: truth ? own : "", comma: false }];
  const given = value.kind === "str" && kind === "oneOf" ? value.value : text.slice(value.span.start, value.span.end);
  return [{ text: `${own} ${given}`, comma: false }];
}

const pathOf = (path: readonly string[]): string | null => (path.length === 1 ? path[0]! : null);

function foreign({ foreignWords }: StageDefinition, word: string): readonly string[] | null {
  return foreignWords !== undefined && Object.hasOwn(foreignWords, word) ? foreignWords[word]! : null;
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
