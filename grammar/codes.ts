/** Without this file the wording of syntax errors would be scattered, and no test could tell that each code has a trigger and a working fix. */
import type { Diagnostic, Fix } from "./diagnostic.ts";
import type { Span } from "./span.ts";

/** What a code says: everything of a diagnostic that is words. */
export interface Saying {
  readonly message: string;
  readonly label?: string;
  readonly notes?: readonly string[];
  readonly help?: string;
}

/** One kind of mistake. */
export interface CodeEntry {
  readonly say: (...given: string[]) => Saying;
  /** A text that has this mistake and no other. */
  readonly trigger: string;
  /** The trigger after its fix; null where only the author can know. */
  readonly fixed: string | null;
}

/** Every syntax code. A code that appeared in a release is never used again for something else. */
export const CODES = {
  // characters and words
  "illegal-character": { say: (shown) => ({ message: `\`${shown}\` means nothing here`, label: "not part of saeq" }), trigger: "top 10 @", fixed: null },
  "hidden-character": { say: (shown) => ({ message: `there is an unseen character \`${shown}\` in the text`, label: "unseen here", notes: ["unseen characters can make a script read differently from what it does; they are allowed in quotes"] }), trigger: "top\u200b 10", fixed: "top 10" },
  "unusual-blank": { say: (shown) => ({ message: `this blank is not an ordinary one but \`${shown}\``, label: "write a plain blank" }), trigger: "top\u00a010", fixed: "top 10" },
  "open-string": { say: (quote) => ({ message: `this text has no closing ${quote}`, label: "opened here" }), trigger: 'csv "runs.csv', fixed: 'csv "runs.csv"' },
  "open-name": { say: () => ({ message: "this name has no closing backquote", label: "opened here" }), trigger: "select `prompt text", fixed: "select `prompt text`" },
  "empty-name": { say: () => ({ message: "there is no name between the backquotes", label: "empty" }), trigger: "select ``", fixed: null },
  "bad-escape": { say: (escape) => ({ message: `\`${escape}\` is not an escape saeq knows`, label: "write `\\\\` for a backslash", notes: ["escapes: \\n \\t \\\\ \\\" \\' \\u{1F600}"] }), trigger: 'csv "a\\qb"', fixed: 'csv "a\\\\qb"' },
  "bad-number": { say: (text, advice) => ({ message: `\`${text}\` is not a number saeq can read`, label: advice }), trigger: "take 10k", fixed: "take 10_000" },
  "nesting-too-deep": { say: (what) => ({ message: `this is nested too deeply: ${what}`, label: "too deep from here", help: "name the inner part with `let` and use the name" }), trigger: `where ${"(".repeat(65)}x${")".repeat(65)}`, fixed: null },

  // brackets
  "unclosed-bracket": { say: (open, close, until) => ({ message: `\`${open}\` is never closed`, label: `needs a \`${close}\` before ${until}` }), trigger: "where (a > 1", fixed: "where (a > 1)" },
  "stray-bracket": { say: (close) => ({ message: `\`${close}\` closes nothing`, label: "no bracket is open here" }), trigger: "where a > 1)", fixed: "where a > 1" },
  "mismatched-bracket": { say: (open, close, right) => ({ message: `\`${open}\` is closed by \`${close}\``, label: `write \`${right}\`` }), trigger: "where (a > 1]", fixed: "where (a > 1)" },
  "semicolon-in-brackets": { say: () => ({ message: "`;` ends a statement and cannot stand inside brackets", label: "remove it or close the bracket first" }), trigger: "tee (stats;)", fixed: "tee (stats)" },

  // habits of other tools
  "foreign-operator": { say: (found, write) => ({ message: `saeq writes \`${write}\`, not \`${found}\``, label: `write \`${write}\`` }), trigger: "where a && b", fixed: "where a and b" },
  "foreign-hook": { say: (found, write) => ({ message: `saeq writes \`${write}\`, not \`${found}\``, label: `write \`${write}\`` }), trigger: "acts blocks.7.hook_resid_post", fixed: "acts layer 7 hook resid_post" },
  "foreign-comment": { say: (found) => ({ message: `\`${found}\` does not start a comment`, label: "write `#`" }), trigger: "top 10 // the usual", fixed: "top 10 # the usual" },
  "whole-division": { say: (write) => ({ message: "`//` is no operator of saeq", label: `write \`${write}\`` }), trigger: "derive y = a // 2", fixed: "derive y = floor(a / 2)" },
  "dashed-name": { say: (name) => ({ message: `\`${name}\` reads as a subtraction`, label: "a name with `-` stands in backquotes" }), trigger: "derive perfect-match = 1", fixed: "derive `perfect-match` = 1" },
  "joined-line": { say: () => ({ message: "no `\\` is needed at the end of a line", label: "remove it", notes: ["a pipeline goes on when the next line starts with `|`"] }), trigger: "top 10 \\\n| union", fixed: "top 10 \n| union" },
  "curly-quotes": { say: () => ({ message: "curly quotes do not hold a text", label: "write straight quotes" }), trigger: "csv “runs.csv”", fixed: 'csv "runs.csv"' },
  "dashed-flag": { say: (found, write) => ({ message: `\`${found}\` needs no dashes: options are plain words`, label: `write \`${write}\`` }), trigger: "acts layer 7 --dense", fixed: "acts layer 7 dense" },
  "keyword-case": { say: (found, write) => ({ message: `\`${found}\` is written \`${write}\``, label: `write \`${write}\``, notes: [`a column of that name is written \`${found}\`, with its backquotes`] }), trigger: "where a AND b", fixed: "where a and b" },
  "is-null": { say: (write) => ({ message: "null is a value: compare with `==` or `!=`", label: `write \`${write}\`` }), trigger: "where x IS NOT NULL", fixed: "where x != null" },
  "not-in": { say: () => ({ message: "`not` stands before the whole comparison", label: "write `not x in …`" }), trigger: "where x not in [1, 2]", fixed: "where not x in [1, 2]" },
  "loop": { say: () => ({ message: "nothing is repeated by a loop", label: "write a line for each", notes: ["where numbers are listed, one line does: layers and features take several, with commas; and `def` gives stages a name, with what differs as its argument"] }), trigger: "for x in [5, 6] { runs | top $x }", fixed: null },
  "sql-statement": { say: () => ({ message: "a pipeline starts with its table, not with SELECT", label: "saeq reads from left to right", help: "<table> | where <condition> | select <columns>" }), trigger: "SELECT a, b FROM runs WHERE a > 1", fixed: "runs | where a > 1 | select a, b" },

  // pipelines and expressions
  "missing-stage": { say: (where) => ({ message: `there is no stage ${where}`, label: "a stage must stand here" }), trigger: "sample 3 | | top 10", fixed: "sample 3 | top 10" },
  "pipeline-ends": { say: (next) => ({ message: "pipeline ends with `|`", label: "a stage must follow", ...(next === "" ? {} : { notes: [`the next line starts a new statement with \`${next}\`, so the pipe has no right-hand side`] }) }), trigger: "sample non 10 |", fixed: "sample non 10" },
  "empty-brackets": { say: () => ({ message: "there is nothing between the brackets", label: "a value or a pipeline must stand here" }), trigger: "tee ()", fixed: null },
  "missing-value": { say: (sign) => ({ message: `there is nothing after \`${sign}\``, label: "a value must follow" }), trigger: "where a >", fixed: null },
  "missing-left": { say: (sign) => ({ message: `there is nothing before \`${sign}\``, label: "a value must stand before it" }), trigger: "runs | == 3", fixed: null },
  "stray-comma": { say: () => ({ message: "there is nothing on one side of this comma", label: "remove it or add a value" }), trigger: "layer 5, 7,", fixed: "layer 5, 7" },
  "missing-comma": { say: () => ({ message: "values inside these brackets are separated by commas", label: "a comma must stand before this" }), trigger: "where x in [1 2]", fixed: "where x in [1, 2]" },
  "chained-comparison": { say: (first, second) => ({ message: "comparisons cannot be chained", label: `\`${first}\` and \`${second}\` need an \`and\` between them` }), trigger: "where 1 < x < 3", fixed: "where 1 < x and x < 3" },
  "equals-sign": { say: () => ({ message: "`=` names a column; it does not compare", label: "write `==`" }), trigger: "where a + b = 3", fixed: "where a + b == 3" },
  "misplaced-not": { say: () => ({ message: "`not` stands before a whole comparison, not inside it", label: "put brackets around this `not`" }), trigger: "where a == not b", fixed: "where a == (not b)" },
  "unexpected": { say: (found, place) => ({ message: `\`${found}\` does not fit ${place}`, label: "not expected here" }), trigger: "top : 5", fixed: "top 5" },
  "pipe-in-brackets": { say: (place) => ({ message: `a pipeline inside ${place} needs round brackets of its own`, label: "write ( … | … )" }), trigger: "assert count(runs | take 3) > 1", fixed: "assert count((runs | take 3)) > 1" },
  "lost-let": { say: () => ({ message: "`let` starts a statement", label: "put it on a line of its own" }), trigger: "runs | let y = 3", fixed: null },

  // statements
  "reserved-word": { say: (found) => ({ message: `\`${found}\` is a reserved word`, label: "choose another name" }), trigger: "let in = csv \"a.csv\"", fixed: null },
  "dotted-name": { say: (found) => ({ message: `a new name cannot contain \`.\`, but \`${found}\` does`, label: "choose a name without it" }), trigger: "let a.b = runs", fixed: null },
  "bad-edition": { say: () => ({ message: "`saeq` at the start of a line names the edition of the language", label: "needs a whole number", help: "saeq 1" }), trigger: "saeq one", fixed: null },
  "bad-use": { say: () => ({ message: "`use` needs a file in quotes, and may rename it", label: "not of that shape", help: 'use "lib/splits.saeq" as splits' }), trigger: "use splits", fixed: 'use "splits.saeq"' },
  "bad-param": { say: (missing) => ({ message: `this \`param\` has ${missing}`, label: "not of the shape name: type = value", help: "param n: int = 10" }), trigger: "param n = 10", fixed: "param n: int = 10" },
  "bad-set": { say: () => ({ message: "`set` needs the name of a setting and its value", label: "not of that shape", help: "set seed 42" }), trigger: "set seed", fixed: null },
  "bad-let": { say: (missing) => ({ message: `this \`let\` has ${missing}`, label: "not of the shape name = pipeline", help: 'let runs = csv "runs.csv"' }), trigger: "let runs", fixed: null },
  "bad-def": { say: (missing) => ({ message: `this \`def\` has ${missing}`, label: "not of the shape name(inputs) = pipeline", help: "def best(x: table, k: int = 10) = x | top $k" }), trigger: "def best = top 10", fixed: null },
  "bad-record": { say: () => ({ message: "values between `{` and `}` are written name: value", label: "not of that shape", help: "id: str" }), trigger: 'csv "a.csv" types {id}', fixed: null },
} satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

/** The diagnostic for a code, with its words filled in. */
export function syntaxError<C extends Code>(code: C, at: Span, given: Parameters<(typeof CODES)[C]["say"]>, fix?: Fix): Diagnostic {
  const say: (...given: string[]) => Saying = CODES[code].say;
  // A line of the author's own stands in place of an example.
  const { help, ...said } = say(...given);
  return { code, severity: "error", span: at, ...said, ...(fix !== undefined ? { fix } : help === undefined ? {} : { help }) };
}
