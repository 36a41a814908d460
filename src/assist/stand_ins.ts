/** Without this file a script that waits for its params would be full of mistakes in an editor. */
import type { Param, Statement } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Need } from "../check/scope.ts";

/** Marks a value that somebody will give on the command line; no file has such a name. */
const STAND_IN = "\u2039given\u203a";

/** Values for params that wait for the command line, by name, so that the rest of the script can be checked. */
export type StandIns = Readonly<Record<string, string>>;

export function standIns(statements: readonly Statement[]): StandIns {
  const open = statements.filter((each): each is Param => each.kind === "param" && each.value === null);
  return Object.fromEntries(open.map(({ name, type }) => [name.path.join("."), { int: "1", float: "1", bool: "true" }[type.path.join(".")] ?? STAND_IN]));
}

/** Mistakes in a text that do not rest on a value of which nothing is known. */
export function sound(diagnostics: readonly Diagnostic[], text: string, values: StandIns): Diagnostic[] {
  const names = Object.keys(values);
  return diagnostics.filter((each) => !restsOnStandIn(text.slice(each.span.start, each.span.end), each, names));
}

function restsOnStandIn(words: string, { code, message }: Diagnostic, names: readonly string[]): boolean {
  return message.includes(STAND_IN) || (code !== "unknown-param" && code !== "unknown-type" && names.some((name) => words.includes(`$${name}`)));
}

/** What is to be looked up, without what a value that will be given names. */
export function asksFor(needs: ReadonlyMap<string, Need>): readonly Need[] {
  return [...needs.values()].filter((need) => !JSON.stringify(need).includes(STAND_IN));
}
