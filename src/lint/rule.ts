/** Without this file a rule of style could not be written down as data: found, explained, listed and silenced in one way. */
import type { Script } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Compiled } from "../pipeline.ts";

/** What a rule may look at. */
export interface Subject {
  readonly text: string;
  readonly script: Script;
  /** Names, types and plans; rules about these are silent where it is null. */
  readonly compiled: Compiled | null;
}

export type Finding = Omit<Diagnostic, "code" | "severity">;

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
