/** Without this file what is no line of a script could not be told from a line that does not work. */

/** Help that is no line of saeq, and why no line could do it. */
export type Advice = readonly (readonly [RegExp, string])[];

/** Commands of other programs, which are not run here. */
export const OTHER_PROGRAMS: Advice = [[/^(?:mkdir|iconv|tr|jq|git|gunzip|unzip|cat|curl|pip|python3|export [A-Z]\w*=)/, "a command of another program"]];

/** What is said of scripts. */
export const OF_SCRIPTS: Advice = [
  ...OTHER_PROGRAMS,
  [/^name the inner part with `let` and use the name$/, "which of 64 brackets mean something only the author knows"],
];

/** What is said of files, models, devices and permissions. */
export const OF_THE_OUTSIDE: Advice = [
  ...OTHER_PROGRAMS,
  [/download|^it is not unpacked; ask for it again$/, "only another copy of the file mends it"],
  [/^(?:ask its owner|save into a folder of your own)/, "the rights are another's to give"],
  [/^(?:free some space|choose a shorter name|name it relative to the script)/, "files are moved and removed by people"],
  [/^(?:accept the terms at|check the (?:name|connection))/, "it is done with an account and a network"],
  [/^(?:run it again|try another network)/, "what stood in the way was not in the script"],
  [/^(?:take it from your version control|make one with examples|`saeq run --record` writes)/, "the file is made by another tool"],
  [/^(?:convert it once where you trust it|fold the normalisation)/, "lines of Python, which is where the file came from"],
  [/^(?:split the text over several rows|keep the cells shorter|check that (?:it is a script|the file has line ends))/, "what the data mean only the author knows"],
  [/^(?:check that the model's files are complete|use the tokenizer that belongs)/, "the files of a checkpoint belong together"],
  [/^report it with these lines/, "a mistake of ours"],
];

/** Why a help is no line to paste; null: it is one. */
export function adviceFor(help: string, advice: Advice): string | null {
  return advice.find(([pattern]) => pattern.test(help))?.[1] ?? null;
}
