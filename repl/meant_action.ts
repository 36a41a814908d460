/** Without this file words of other programs for the same action would only be refused. */
import { Argument, InvalidArgumentError } from "commander";
import { nearest } from "../src/check/suggest.ts";

/** What other programs call it. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  ls: ["list", "dir", "show", "status"],
  clear: ["rm", "remove", "delete", "clean", "purge", "reset"],
  gc: ["prune", "trim", "shrink"],
  search: ["find", "grep", "query"],
  info: ["show", "describe", "about"],
};

/** An argument that is one of few words, with a word for who meant one of them. */
export function action(name: string, doc: string, words: readonly string[]): Argument {
  return new Argument(name, doc).choices([...words]).argParser((given: string) => {
    if (words.includes(given)) return given;
    const low = given.toLowerCase();
    const meant = words.find((word) => ELSEWHERE[word]?.includes(low)) ?? nearest(low, words);
    throw new InvalidArgumentError(`${meant === null ? "" : `Did you mean \`${meant}\`? `}Allowed choices are ${words.join(", ")}.`);
  });
}
