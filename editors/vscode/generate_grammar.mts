/** Without this file the colours of an editor would know other words than saeq does: `node editors/vscode/generate_grammar.mts` writes the TextMate grammar. */
import { realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { foreignPattern, phrasePattern } from "../../grammar/habits.ts";
import { tokenize, type HighlightKind } from "../../grammar/parse.ts";
import { RESERVED, STATEMENT_WORDS, UNITS, VOCABULARY } from "../../grammar/tokens.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { STAGES } from "../../src/stages/mod.ts";

/** A flat rule; a rule with `end` may run over lines. */
export interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Rule[];
}
export interface Grammar {
  readonly name: string;
  readonly scopeName: string;
  readonly fileTypes: readonly string[];
  readonly patterns: readonly Rule[];
}

/** What the lexer calls text under a scope; the first scope that is a beginning counts. */
export const KIND_OF_SCOPE: readonly (readonly [scope: string, kind: HighlightKind])[] = [
  ["comment", "comment"],
  ["string.quoted", "string"],
  ["constant.numeric", "number"],
  ["constant.language", "keyword"],
  ["keyword.operator.word", "keyword"],
  ["keyword.operator.pipe", "pipe"],
  ["keyword.operator", "operator"],
  ["keyword", "keyword"],
  ["punctuation.separator", "operator"],
  ["punctuation.bracket", "bracket"],
  ["variable.parameter", "param"],
  ["invalid", "error"],
  ["support", "word"],
  ["entity", "word"],
  ["variable.other", "word"],
];

const PART = "[\\p{L}\\p{M}\\p{N}_]";
const PLAIN = `[\\p{L}_]${PART}*`;
const WORD = `${PLAIN}(?:\\.(?:${PLAIN}|\`[^\`]+\`))*`;
/** The word ends here and no dotted part follows. */
const WHOLE = `(?!${PART}|\\.(?:[\\p{L}_]|\`))`;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const oneOf = (words: Iterable<string>): string => [...words].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).map(escaped).join("|");
const scoped = (scope: string): string => `${scope}.saeq`;
const rule = (scope: string, match: string): Rule => ({ name: scoped(scope), match });
const inGroup = (scope: string, match: string): Rule => ({ match, captures: { 1: { name: scoped(scope) } } });

/** Not every regular expression engine has a switch for upper and lower case in the middle. */
const anyCase = (source: string): string => source.replace(/\b(?:is|not|null|in)\b/g, (word) => [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join(""));

/** The words that stand before an argument: `layer`, `last`, `by`. */
function argumentWords(): readonly string[] {
  return [...new Set(STAGES.flatMap((stage) => Object.entries(stage.args).filter(([, spec]) => spec.keyword).map(([name]) => name)))];
}

function string(quote: string, scope: string): Rule {
  return { name: scoped(scope), begin: quote, end: quote, patterns: [rule("constant.character.escape", "\\\\.")] };
}

/** Signs as the token table has them, longer ones first. */
function signs(): Rule[] {
  const texts = VOCABULARY.flatMap((type) => (typeof type.PATTERN === "string" && type.PATTERN.trim() !== "" ? [type.PATTERN] : []));
  const kinds = Map.groupBy(texts, (text) => (/^[,;:.]$/.test(text) ? "punctuation.separator" : { pipe: "keyword.operator.pipe", bracket: "punctuation.bracket" }[String(tokenize(text)[0]?.kind)] ?? "keyword.operator"));
  // Two signs of one kind never begin with a sign of another kind, so only the order within a kind counts.
  return [...kinds].map(([scope, found]) => rule(scope, oneOf(found)));
}

/** The whole grammar, from the token table, the list of stages and the list of functions. */
export function grammar(): Grammar {
  const head = "(?:^|(?<=[|(;])|(?<=[^=!<>~]=))[ \\t]*";
  const words = [...RESERVED.keys()];
  const literals = ["true", "false", "null"];
  const orders = ["asc", "desc"];
  return {
    name: "saeq",
    scopeName: "source.saeq",
    fileTypes: ["saeq"],
    patterns: [
      rule("comment.line.documentation", "##[^\\r\\n]*"),
      rule("comment.line.number-sign", "#[^\\r\\n]*"),
      string('"', "string.quoted.double"),
      string("'", "string.quoted.single"),
      inGroup("keyword.other.statement", `(?:^|(?<=;))[ \\t]*(${oneOf(STATEMENT_WORDS.keys())})(?=[ \\t]+[\\p{L}\\p{N}_"'\`])`),
      rule("invalid.illegal.phrase", anyCase(phrasePattern.source)),
      inGroup("support.function.stage", `${head}(${oneOf(STAGES.map((stage) => stage.name))})(?!${PART}|[.(\`])`),
      rule("keyword.operator.word", `(?:${oneOf(words.filter((each) => !literals.includes(each) && !orders.includes(each)))})${WHOLE}`),
      rule("constant.language", `(?:${oneOf(literals)})${WHOLE}`),
      rule("keyword.other.order", `(?:${oneOf(orders)})${WHOLE}`),
      rule("support.function.builtin", `(?:${oneOf(Object.keys(FUNCTIONS))})(?=\\()`),
      rule("entity.name.function", `${WORD}(?=\\()`),
      rule("entity.other.attribute-name", `(?<=[ \\t])(?:${oneOf(argumentWords())})(?=[ \\t]+(?!(?:and|or|in|asc|desc)\\b)[\\p{L}\\p{N}_"'$\`-])`),
      rule("variable.other", WORD),
      rule("constant.numeric", `\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?(?:(?:${UNITS.replace("|%", "")})|%(?![\\p{L}\\p{N}_$(\\["'\`]))?(?![\\p{L}\\p{N}_]|\\.\\d)`),
      rule("keyword.operator.range", "\\.\\."),
      rule("invalid.illegal.number", "\\.?\\d(?:[\\p{L}\\p{N}_]|\\.(?=[\\p{L}\\p{N}_]))*"),
      rule("variable.parameter", `\\$${PLAIN}`),
      rule("variable.other.quoted", `\`[^\`]*\`(?:\\.(?:${PLAIN}|\`[^\`]+\`))*`),
      rule("invalid.illegal.name", "`[^`]*"),
      rule("invalid.illegal.flag", "(?<=^|[\\s(\\[,|=])--\\p{L}[\\p{L}\\p{N}_]*(?:-[\\p{L}\\p{N}_]+)*(?:=(?!=))?"),
      rule("invalid.illegal.foreign", foreignPattern.source),
      ...signs(),
      rule("invalid.illegal.character", "\\S"),
    ],
  };
}

/** The file as it is written. */
export function grammarText(): string {
  return `${JSON.stringify(grammar(), null, 2)}\n`;
}

export const GRAMMAR_FILE = new URL("syntaxes/saeq.tmLanguage.json", import.meta.url);
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) writeFileSync(GRAMMAR_FILE, grammarText());
