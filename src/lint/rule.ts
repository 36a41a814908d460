/** Without this file a rule of style could not be written down as data: found, explained, listed and silenced in one way. */
import type { Script, Statement } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { moved } from "../../grammar/moved.ts";
import { parse } from "../../grammar/parse.ts";
import type { Scope } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";

/** Whole lines of a script, whose places count from `start`. */
export interface Part {
  readonly start: number;
  readonly text: string;
  readonly script: Script;
  /** What was found in it before, by the number of who looked. */
  readonly notes: unknown[];
}

/** Names, types and plans of a script, made of the very trees that its parts hold. */
export interface Plans {
  readonly pipelines: readonly { readonly written: Plan }[];
  readonly scope: Scope;
}

/** What a rule may look at. */
export interface Subject {
  readonly text: string;
  /** In order; a script that is read at once is one part. */
  readonly parts: readonly Part[];
  /** Rules about plans are silent where it is null. */
  readonly compiled: Plans | null;
}

/** A script that was read and compiled at once. */
export function subjectOf(text: string, compiled: (Plans & { readonly script: Script }) | null): Subject {
  return { text, parts: [{ start: 0, text, script: compiled?.script ?? parse(text).script, notes: [] }], compiled };
}

/** Places count from the start of the text. */
export type Finding = Omit<Diagnostic, "code" | "severity">;

/** Numbers for those who look into parts. */
let lookers = 0;

/** What is found in each statement by itself, in the order of the text. A part is looked through once, whatever happens around it. */
export function inEach<F>(find: (statement: Statement, text: string) => readonly F[]): (subject: Subject) => F[] {
  const number = lookers++;
  return ({ parts }) => {
    const all: F[] = [];
    for (const { start, text, script, notes } of parts) {
      const found = (notes[number] ??= script.statements.flatMap((statement) => find(statement, text))) as readonly F[];
      for (const each of found) all.push(moved(each, start));
    }
    return all;
  };
}

/** One habit that runs, but is seldom meant. Pure: subject in, findings out. */
export interface LintRule {
  readonly code: string;
  /** What is wrong, in one line. */
  readonly doc: string;
  /** What it costs to leave it. */
  readonly why: string;
  /** What to do. */
  readonly mend: string;
  /** A script with this finding and no other. */
  readonly trigger: string;
  /** The trigger after its fix; null where only the author can know. */
  readonly fixed: string | null;
  find(subject: Subject): readonly Finding[];
}
