/** Without this file asking for a plan could run what it asks about. */
import type { PipelineStatement } from "../grammar/ast.ts";

/** A script in which one of its pipelines ends in `explain` and the others are blank: explaining must run nothing else. */
export function explaining(text: string, pipelines: readonly PipelineStatement[], one: PipelineStatement, analyze: boolean): string {
  let made = text;
  for (const statement of [...pipelines].reverse()) {
    const { start, end } = statement.span;
    const ending = statement.pipeline.stages.at(-1)?.args[0]?.items[0]?.value;
    const asked = ending?.kind === "name" && ending.path.join(".") === "explain";
    // Blanks keep every line and column where it was, for diagnostics.
    if (statement !== one) made = made.slice(0, start) + made.slice(start, end).replace(/[^\n]/g, " ") + made.slice(end);
    else if (!asked) made = `${made.slice(0, end)} | explain${analyze ? " analyze" : ""}${made.slice(end)}`;
  }
  return made;
}
