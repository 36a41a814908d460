/** Without this file names, settings and outside facts would be handed through the checker one by one. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Leniency, Plan, TableFormat } from "../ops/op.ts";
import type { ScalarLiteral } from "../ops/scalar.ts";
import { STAGE_BY_NAME, STAGES } from "../stages/mod.ts";
import { noExpansions, type Expansions } from "./expansions.ts";
import type { ChatFacts, ChatTemplate, ModelFacts, SaeFacts, Settings, StageDefinition, TableFacts } from "../stages/stage.ts";

/** What went wrong outside the program: a file, a checkpoint. Becomes a diagnostic where it was asked for. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly notes: readonly string[];
  readonly help: string;
  /** A file that is there, by the name that may be written in place of the one that is not. */
  readonly instead?: string;
}

/** A fact from outside. "pending": not looked up yet; the compiler says what it needs and is run again. */
export type Known<T> =
  | { readonly state: "known"; readonly value: T }
  | { readonly state: "failed"; readonly problem: Problem }
  | { readonly state: "pending" };

export type Need =
  | { readonly kind: "table"; readonly path: string; readonly separator: string; readonly types: Readonly<Record<string, string>>; readonly format: TableFormat; readonly lenient?: Leniency }
  | { readonly kind: "model"; readonly name: string }
  | { readonly kind: "sae"; readonly name: string; readonly convention: string }
  /** The chat templates of a model. */
  | { readonly kind: "chat"; readonly name: string; readonly additional: boolean }
  /** A file with a chat template. */
  | { readonly kind: "template"; readonly path: string }
  /** Which files of text lie in a folder, or that it is none. */
  | { readonly kind: "folder"; readonly path: string }
  /** A file named by `use`, or a `std:` module. */
  | { readonly kind: "module"; readonly path: string };

/** A file of definitions, as text. */
export interface ModuleFacts {
  readonly text: string;
  readonly digest: string;
  /** As a word of a shell, from where saeq was started; absent for what has no file. */
  readonly word?: string;
}

export function needKey(need: Need): string {
  return JSON.stringify(need);
}

/** The `.txt` files directly in a folder, in order; null where the path is of a file. */
export interface FolderFacts {
  readonly names: readonly string[] | null;
}

export type AnyFacts = TableFacts | ModelFacts | ChatFacts | ChatTemplate | SaeFacts | ModuleFacts | FolderFacts;

/** Everything the checker may know of the world. The world is asked beforehand; the checker itself is pure. */
export type Facts = ReadonlyMap<string, Known<AnyFacts>>;

export interface Scope {
  /** `let` names, and in a REPL `_`, `_1` … */
  readonly relations: ReadonlyMap<string, Plan>;
  /** Names of the standard module, hidden by a `let` of the same name. */
  readonly standard: ReadonlyMap<string, Plan>;
  /** `param`s and scalar `let`s, read as `$name`; lists stand after `in` and where several numbers are asked for. */
  readonly params: ReadonlyMap<string, ParamValue>;
  /** Stages defined by `def`, those of modules under dotted names. */
  readonly stages: ReadonlyMap<string, StageDefinition>;
  /** What names begin with that a module would have defined which is not to be had: that is told where it is used. */
  readonly absent: ReadonlyMap<string, true>;
  /** Folder that relative inputs are resolved against, relative to the script; empty in the script itself. */
  readonly base: string;
  readonly settings: Settings;
}

export type ParamValue = ScalarLiteral | readonly ScalarLiteral[];

/** A stage by name: defined in the script, or built in. */
export function stageNamed(scope: Scope, name: string): StageDefinition | undefined {
  return scope.stages.get(name) ?? STAGE_BY_NAME.get(name);
}

/** Every stage that can be named here. */
export function stagesOf(scope: Scope): readonly StageDefinition[] {
  return [...STAGES, ...scope.stages.values()];
}

export function relation(scope: Scope, name: string): Plan | undefined {
  return scope.relations.get(name) ?? scope.standard.get(name);
}

/** Whether a name is of a module of which nobody knows what it defines. */
export function isAbsent({ absent }: Scope, name: string): boolean {
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) if (absent.has(name.slice(0, dot))) return true;
  return false;
}

/** A file that the program names, where it names it. */
export interface Access {
  readonly access: "read" | "write";
  readonly path: string;
  readonly at: Span;
  /** It names a model or an SAE, which may lie on the hub. */
  readonly checkpoint?: "model" | "sae";
}

/** Collects while a source is checked. */
export interface Report {
  readonly text: string;
  readonly diagnostics: Diagnostic[];
  readonly needs: Map<string, Need>;
  readonly accesses: Access[];
  /** Needs whose failure is already reported. */
  readonly told: Set<string>;
  readonly expansions: Expansions;
  /** The statement that is checked: where it starts, and whether a `##` comment stands above it. */
  statement?: { readonly start: number; readonly documented: boolean };
  /** Mistakes of grammar in the text that are told elsewhere, and are not among the diagnostics. */
  readonly unread?: readonly Diagnostic[];
  /** A line that may be offered is tried: its own mistakes need no way out. */
  readonly trial?: true;
}

/** An empty report about a text. */
export function reportOn(text: string, diagnostics: readonly Diagnostic[] = [], accesses: readonly Access[] = []): Report {
  return { text, diagnostics: [...diagnostics], needs: new Map(), accesses: [...accesses], told: new Set(), expansions: noExpansions() };
}

/** Mistakes of one source that are compared with all names; of more nobody reads what might have been meant. */
export const MOST_COMPARED = 100;

/** Whether there are so many mistakes that what might have been meant is not looked for any more. */
export function beyondHelp({ diagnostics }: Report): boolean {
  return diagnostics.length >= MOST_COMPARED;
}

export function error(report: Report, span: Span, code: string, message: string, more: Partial<Omit<Diagnostic, "code" | "message" | "span">> = {}): null {
  report.diagnostics.push({ severity: "error", ...more, code, message, span });
  return null;
}
