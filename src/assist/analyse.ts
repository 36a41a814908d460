/** Without this file each question of an editor would parse and check a script anew, and in its own way. */
import type { Script } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { parse, type Parsed } from "../../grammar/parse.ts";
import { check } from "../check/check.ts";
import type { Steps } from "../check/in_steps.ts";
import { reportOn, type Facts, type Need, type Scope } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";
import type { Declaration, Mark } from "./mark.ts";
import { readMarks } from "./marks.ts";
import { asksFor, sound, standIns } from "./stand_ins.ts";

/** What a script is read against: names that are there before its first line, and what is known of files, models and SAEs. */
export interface Surroundings {
  readonly scope: Scope;
  readonly facts: Facts;
}

/** Whole lines of a script with their statements, whose places count from `start`. */
export interface Part {
  readonly start: number;
  readonly text: string;
  readonly script: Script;
  readonly notes: unknown[];
}

/** The plans of a script, as written, and its parts as the plans know them. */
export interface Runs {
  readonly parts: readonly Part[];
  readonly pipelines: readonly { readonly written: Plan }[];
  readonly scope: Scope;
}

/** A script understood as far as it goes; the slow parts are worked out when first asked for. */
export interface Analysis {
  readonly text: string;
  readonly around: Surroundings;
  /** All statements in places of the whole text. */
  script(): Script;
  /** The same statements, in places of the parts that they stand in. */
  parts(): readonly Part[];
  /** Mistakes of grammar alone: where there are none, the text can be laid out. */
  readonly syntax: readonly Diagnostic[];
  /** All mistakes, in the order of the text. */
  diagnostics(): readonly Diagnostic[];
  /** Facts that would let the checker see further. */
  needs(): readonly Need[];
  runs(): Runs;
  /** Names and settings before a statement; those at the end of the script for the number of its statements. */
  scopeBefore(index: number): Scope;
  /** What each word stands for, in the order of the text. */
  marks(): readonly Mark[];
  /** Those of the part that an offset stands in. */
  marksAround(offset: number): readonly Mark[];
  /** The marks of each part, in places of the part. */
  markedParts(): readonly MarkedPart[];
  /** What is to be added to the places of a declaration. */
  startOf(declaration: Declaration): number;
  /** Work out mistakes, or marks as far as an offset, for whoever has something else to do meanwhile; what is asked before that is done is worked out at once. */
  steps(what: "mistakes" | "marks", until?: number): Steps<void>;
}

/** A part with its marks: the same object as long as they are the same. */
export interface MarkedPart extends Pick<Part, "start" | "text"> {
  readonly marks: readonly Mark[];
  /** Some quote of the whole text has no partner. */
  readonly open: boolean;
}

/** Text → everything an editor asks about it. Pure; never throws for a mistake of the user. */
export function analyse(text: string, around: Surroundings, parsed: Parsed = parse(text)): Analysis {
  const { script, diagnostics: syntax } = parsed;
  const stand = standIns(script.statements);
  const parts = [{ start: 0, text, script, notes: [] }];
  const checked = once(() => {
    const report = reportOn(text, syntax);
    const { pipelines, scope } = check(script, around.scope, report, { facts: around.facts, params: stand, interactive: false });
    return {
      diagnostics: sound(report.diagnostics, text, stand).sort((a, b) => a.span.start - b.span.start),
      needs: asksFor(report.needs),
      runs: { parts, pipelines: pipelines.map(({ plan }) => ({ written: plan })), scope },
    };
  });
  const walk = (statements: Script["statements"], onStatement: (index: number, scope: Scope) => void = () => {}): Scope =>
    check({ ...script, statements }, around.scope, { ...reportOn(text), unread: syntax }, { facts: around.facts, params: stand, interactive: false, onStatement }).scope;
  const marks = once(() => readMarks(script, text, around.facts, (visit) => walk(script.statements, visit)));
  // A caret stays in one statement for many questions.
  let last: { readonly index: number; readonly scope: Scope } | null = null;
  return {
    text,
    around,
    script: () => script,
    parts: () => parts,
    syntax,
    diagnostics: () => checked().diagnostics,
    needs: () => checked().needs,
    runs: () => checked().runs,
    scopeBefore: (index) => (last?.index === index ? last : (last = { index, scope: walk(script.statements.slice(0, index)) })).scope,
    marks,
    marksAround: marks,
    markedParts: () => [{ start: 0, text, marks: marks(), open: false }],
    startOf: () => 0,
    *steps() {},
  };
}

/** Made when first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
