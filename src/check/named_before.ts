/** Without this file a pipeline where a value with a name is read would be told as a wrong count of values. */
import type { Call } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { REWORDED } from "./reworded.ts";
import { freeName, withLineBefore } from "./line_before.ts";
import { error, type Report, type Scope } from "./scope.ts";

/** `count(csv "x.csv")`, `mean(sample perfect 3, score)`: the pipeline gets a name in a line before it. True: reported, in place of what the grammar says of such brackets. */
export function refusePipeline(at: Call, scope: Scope, report: Report): boolean {
  const span = { start: at.nameSpan.end + 1, end: report.text[at.span.end - 1] === ")" ? at.span.end - 1 : at.span.end };
  const found = pipelineIn(report.text.slice(span.start, span.end), at.name === "count");
  if (found === null) return false;
  for (let i = report.diagnostics.length - 1; i >= 0; i--) {
    const each = report.diagnostics[i]!;
    if (REWORDED.has(each.code) && each.span.start >= span.start && each.span.end <= span.end) report.diagnostics.splice(i, 1);
  }
  const name = freeName("data", scope);
  const read = at.name === "count" ? name : `${name}.${found.column ?? "column"}`;
  const fix = at.name !== "count" && found.column === null ? null : withLineBefore(`let ${name} = ${found.pipeline}`, { span, text: read }, report);
  error(report, span, "wrong-argument", `\`${at.name}\` reads a value that has a name, not a pipeline`, { label: `name it before, and write \`${at.name}(${read})\``, ...(fix === null ? {} : { fix }) });
  return true;
}

/** The pipeline that stands between the brackets, and the column of it that is named behind a comma; null where none does. */
function pipelineIn(inner: string, whole: boolean): { readonly pipeline: string; readonly column: string | null } | null {
  if (!/[|\s(]/.test(inner.trim()) || inner.includes("\n")) return null;
  const bracketed = /^\s*\((.*)\)\s*$/s.exec(inner)?.[1] ?? inner;
  const { script, diagnostics } = parse(bracketed);
  const [statement, ...others] = script.statements;
  if (diagnostics.length > 0 || others.length > 0 || statement?.kind !== "pipelineStatement" || statement.pipeline.continues) return null;
  const { stages } = statement.pipeline;
  if (stages.length === 1 && stages[0]!.args.length === 1) return null;
  const [last, before] = [...(stages.at(-1)!.args.at(-1)?.items ?? [])].reverse();
  if (whole || before === undefined || last?.name !== null || last.value.kind !== "name") return { pipeline: bracketed.trim(), column: null };
  return { pipeline: bracketed.slice(0, before.span.end).trim(), column: bracketed.slice(last.span.start, last.span.end) };
}
