/** Without this file each question of an editor would parse and check a script anew, and in its own way. */
import type { Param, Script } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import { check } from "../check/check.ts";
import { reportOn, type Facts, type Need, type Scope } from "../check/scope.ts";
import { compile, type Compiled } from "../pipeline.ts";
import type { Mark } from "./mark.ts";
import { readMarks } from "./marks.ts";

/** What a script is read against: names that are there before its first line, and what is known of files, models and SAEs. */
export interface Surroundings {
  readonly scope: Scope;
  readonly facts: Facts;
}

/** A script understood as far as it goes; the slow parts are worked out when first asked for. */
export interface Analysis {
  readonly text: string;
  readonly script: Script;
  readonly around: Surroundings;
  /** Mistakes of grammar alone: where there are none, the text can be laid out. */
  readonly syntax: readonly Diagnostic[];
  /** All mistakes, in the order of the text. */
  diagnostics(): readonly Diagnostic[];
  /** Facts that would let the checker see further. */
  needs(): readonly Need[];
  /** The plans of the script, as written. */
  compiled(): Compiled;
  /** Names and settings before a statement; those at the end of the script for the number of its statements. */
  scopeBefore(index: number): Scope;
  /** What each word stands for, in the order of the text. */
  marks(): readonly Mark[];
}

/** Text → everything an editor asks about it. Pure; never throws for a mistake of the user. */
export function analyse(text: string, around: Surroundings): Analysis {
  const { script, diagnostics: syntax } = parse(text);
  const stand = standIns(script);
  const checked = once(() => {
    const report = reportOn(text, syntax);
    check(script, around.scope, report, { facts: around.facts, params: stand, interactive: false });
    const names = Object.keys(stand);
    const sound = report.diagnostics.filter((each) => !restsOnStandIn(text.slice(each.span.start, each.span.end), each, names));
    return { diagnostics: sound.sort((a, b) => a.span.start - b.span.start), needs: [...report.needs.values()].filter((need) => !JSON.stringify(need).includes(STAND_IN)) };
  });
  const walk = (statements: Script["statements"], onStatement: (index: number, scope: Scope) => void = () => {}): Scope =>
    check({ ...script, statements }, around.scope, reportOn(text), { facts: around.facts, params: stand, interactive: false, onStatement }).scope;
  // A caret stays in one statement for many questions.
  let last: { readonly index: number; readonly scope: Scope } | null = null;
  return {
    text,
    script,
    around,
    syntax,
    diagnostics: () => checked().diagnostics,
    needs: () => checked().needs,
    compiled: once(() => compile(text, { scope: around.scope, facts: around.facts, params: stand, interactive: false, rules: [] })),
    scopeBefore: (index) => (last?.index === index ? last : (last = { index, scope: walk(script.statements.slice(0, index)) })).scope,
    marks: once(() => readMarks(script, text, around.facts, (visit) => walk(script.statements, visit))),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** Marks a value that somebody will give on the command line; no file has such a name. */
const STAND_IN = "\u2039given\u203a";

/** Values for params that wait for the command line, so that the rest of the script can be checked. */
function standIns(script: Script): Readonly<Record<string, string>> {
  const open = script.statements.filter((each): each is Param => each.kind === "param" && each.value === null);
  return Object.fromEntries(open.map(({ name, type }) => [name.path.join("."), { int: "1", float: "1", bool: "true" }[type.path.join(".")] ?? STAND_IN]));
}

/** Nothing is known of a value that will be given, so nothing said about it counts. */
function restsOnStandIn(words: string, { code, message }: Diagnostic, names: readonly string[]): boolean {
  return message.includes(STAND_IN) || (code !== "unknown-param" && code !== "unknown-type" && names.some((name) => words.includes(`$${name}`)));
}
