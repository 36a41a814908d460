/** Without this file what goes wrong while running would reach the user as an exception. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { DataError } from "../data/error.ts";
import { heldError } from "../data/room.ts";
import { EngineError } from "../engine/port.ts";
import { AssertionFailure } from "../execute/assertion.ts";
import { StageError } from "../execute/stage_error.ts";

export interface Failure {
  readonly diagnostic: Diagnostic;
  readonly exitCode: number;
  readonly cancelled: boolean;
}

/** An error as a diagnostic at the stage where it happened, with its exit code. `reached`: texts done and in all; `kept`: the session lives on and what was done is not done again. */
export function failure(error: unknown, text: string, statement: Span, reached: readonly [number, number], kept: boolean): Failure {
  const stage = error instanceof StageError ? error : null;
  const thrown = stage === null ? error : stage.cause;
  const cause = heldError(thrown) ?? thrown;
  // A stage of an earlier REPL line stands in another text: then the whole statement is marked, and the stage named.
  const here = stage !== null && text.slice(stage.at.start, stage.at.end) === stage.stage;
  const span = here ? stage.at : statement;
  const where = stage === null || here ? [] : [`in \`${stage.stage}\``];
  const told = (code: string, message: string, notes: readonly string[], help: string, exitCode: number): Failure => ({
    diagnostic: { severity: "error", code, message, span, notes: [...notes, ...where], ...(help === "" ? {} : { help }) },
    exitCode,
    cancelled: false,
  });
  if (cause instanceof Error && cause.name === "AbortError") {
    const [done, all] = reached;
    return {
      diagnostic: { severity: "note", code: "cancelled", message: all === 0 ? "cancelled" : `cancelled after ${done} of ${all} texts`, span, ...(kept ? { help: "run it again to go on from there" } : { notes: ["what was done ends with this command; a REPL keeps it and goes on from there"] }) },
      exitCode: 130,
      cancelled: true,
    };
  }
  if (cause instanceof AssertionFailure) return told("assertion-failed", cause.message, cause.notes, "", 7);
  if (cause instanceof DataError) return told(cause.code, cause.message, cause.near.length === 0 ? cause.notes : [...cause.notes, `near: ${cause.near.join(", ")}`], cause.help ?? "", exitOf(cause.code));
  if (cause instanceof CheckpointError) return told(cause.code, cause.message, cause.notes, cause.help, exitOf(cause.code));
  if (cause instanceof EngineError) return told(cause.code, cause.message, [...cause.notes, ...(kept && reached[1] > 0 ? [`${reached[0]} of ${reached[1]} texts are kept; nothing else in the session is lost`] : [])], cause.help, 8);
  const bug = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return told("internal-error", "this is a mistake in saeq, not in the query", bug.split("\n").slice(0, 4), "report it with these lines and what `saeq doctor` prints", 1);
}

/** Exit code of one mistake with files, found while running. */
function exitOf(code: string): number {
  return code === "missing-file" ? 10 : code === "permission-denied" ? 4 : 1;
}

/** Exit codes of mistakes found before anything ran. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  const codes = new Set(diagnostics.filter((each) => each.severity === "error").map((each) => each.code));
  if (codes.has("permission-denied")) return 4;
  if (codes.has("missing-param") || codes.has("wrong-param")) return 2;
  if (codes.size === 1 && codes.has("missing-file")) return 10;
  return 3;
}
