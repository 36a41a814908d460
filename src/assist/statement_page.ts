/** Without this file `saeq doc let` would have no answer: statements are no stages. */
import { PARAM_TYPES } from "../check/check.ts";
import { INPUT_TYPES } from "../check/define.ts";
import { SETTINGS } from "../check/settings.ts";

interface StatementPage {
  readonly usage: string;
  /** One line. */
  readonly doc: string;
  readonly more: readonly string[];
  readonly example: string;
}

/** What the words that start a statement mean. */
export const STATEMENT_PAGES: Readonly<Record<string, StatementPage>> = {
  let: {
    usage: "let <name> = <pipeline or value>",
    doc: "Name a value: rows by their name, plain values as $name",
    more: ["a name is bound once; in the REPL it may be bound again", "a line of `##` above describes it"],
    example: "let hard = memorization | where matching_tokens > 30\nlet n = 5\nhard | take $n",
  },
  param: {
    usage: "param <name>: <type> [= <default>]",
    doc: "A value from the command line, read as $name: saeq run x.saeq --name 5",
    more: [`types: ${PARAM_TYPES.join(", ")}`, "one without a default has to be given", 'within quotes $name is text; parts of a name are joined by +: save "top_" + $n + ".csv"'],
    example: "param n: int = 10\nsample perfect $n | count",
  },
  def: {
    usage: "def <name>(<input>: <type>, …) = <pipeline>",
    doc: "A stage of your own; the first input that is no plain value is what flows in",
    more: [`types: ${INPUT_TYPES.join(", ")}`, "a plain value with a default is a keyword, one without is given by its place"],
    example: "def strongest(x: acts, k: int = 10) = x | top $k by max\nsample perfect 3 | acts layer 7 | strongest k 5",
  },
  use: {
    usage: 'use "<file>" [as <name>]',
    doc: "The stages and values that a file of definitions gives, as name.stage",
    more: ["without `as` the name is that of the file", "`std:memorization` comes with saeq"],
    example: 'use "std:memorization"\nperfect | count',
  },
  set: {
    usage: "set <setting> <value>",
    doc: "Change a setting from here on",
    more: [`settings: ${Object.keys(SETTINGS).join(", ")}`, "`saeq doc` with the name of a setting explains it"],
    example: "set seed 42\nsample perfect 5 | count",
  },
};

/** The page of a statement; null where the word starts none. */
export function statementHelp(word: string): string | null {
  if (!Object.hasOwn(STATEMENT_PAGES, word)) return null;
  const { usage, doc, more, example } = STATEMENT_PAGES[word]!;
  return [usage, `  ${doc}`, ...more.map((line) => `  ${line}`), ...example.split("\n").map((line) => `  ${line}`)].join("\n");
}
