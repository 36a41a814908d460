/** Without this file every author would lay out pipelines differently, and sessions could not be saved as scripts. */
import { columns } from "./width.ts";
import type { Comment, Pipeline, Script, Statement } from "./ast.ts";
import { placesIn, withComments, type Placed } from "./place_comments.ts";
import { printArgs, printExpr, printName, printPipeline } from "./print_parts.ts";

const LINE_WIDTH = 100;

/** The canonical text of a script: comments and single empty lines kept, long pipelines broken before each `|`. */
export function print(script: Script): string {
  const lines: string[] = [];
  const comments = script.comments;
  let next = 0;
  let blank = 0;
  let end = 0;
  const gap = (from: number, to: number) => {
    while (blank < script.blankLines.length && script.blankLines[blank]! < from) blank++;
    if (lines.length > 0 && blank < script.blankLines.length && script.blankLines[blank]! < to && lines.at(-1) !== "") lines.push("");
  };
  const ownLine = (comment: Comment) => {
    gap(end, comment.span.start);
    lines.push(comment.text);
    end = comment.span.end;
  };
  script.statements.forEach((statement, i) => {
    const start = statement.span.start;
    while (next < comments.length && comments[next]!.span.start < start) ownLine(comments[next++]!);
    gap(end, start);
    const stop = script.statements[i + 1]?.span.start ?? Infinity;
    const within: Comment[] = [];
    while (next < comments.length && comments[next]!.span.start < stop) {
      const comment = comments[next]!;
      // Behind the statement only a comment on its last line still belongs to it.
      if (comment.span.start >= statement.span.end && (comment.ownLine || within.at(-1) !== undefined && within.at(-1)!.span.start >= statement.span.end)) break;
      within.push(comment);
      next++;
    }
    const text = layOutStatement(statement, placesIn(script.wordStarts, statement.span, within));
    const first = text[0] ?? "";
    // A line that starts with a pipe would continue the statement above it.
    lines.push(continues(statement) && i > 0 ? `; ${first}` : first, ...text.slice(1));
    end = Math.max(statement.span.end, within.at(-1)?.span.end ?? 0);
  });
  while (next < comments.length) ownLine(comments[next++]!);
  while (lines.at(-1) === "") lines.pop();
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

const continues = (statement: Statement): boolean => statement.kind === "pipelineStatement" && statement.pipeline.continues;

function layOutStatement(statement: Statement, comments: readonly Placed[]): string[] {
  switch (statement.kind) {
    case "edition": return withComments(`saeq ${printExpr(statement.version)}`, comments, 2);
    case "use": return withComments(`use ${printExpr(statement.path)}${statement.alias === null ? "" : ` as ${printName(statement.alias)}`}`, comments, 2);
    case "param": return withComments(`param ${printName(statement.name)}: ${printName(statement.type)}${statement.value === null ? "" : ` = ${printExpr(statement.value)}`}`, comments, 2);
    case "set": return withComments(`set ${printArgs(statement.args)}`, comments, 2);
    case "let": return layOutPipeline(`let ${printName(statement.name)} = `, statement.value, comments);
    case "def": {
      const formals = statement.formals.map((f) => `${printName(f.name)}${f.type === null ? "" : `: ${printName(f.type)}`}${f.value === null ? "" : ` = ${printExpr(f.value)}`}`);
      return layOutPipeline(`def ${printName(statement.name)}(${formals.join(", ")}) = `, statement.body, comments);
    }
    case "pipelineStatement": return layOutPipeline("", statement.pipeline, comments);
    default: throw new Error(`No layout for ${String(statement satisfies never)}`);
  }
}

/** On one line where it fits and no comment stands inside, else a stage on each. */
function layOutPipeline(head: string, pipeline: Pipeline, comments: readonly Placed[]): string[] {
  const indent = head === "" ? "" : "  ";
  const short = head + printPipeline(pipeline);
  const fits = columns(short.slice(0, LINE_WIDTH * 2)) <= LINE_WIDTH && short.length <= LINE_WIDTH * 2 && !short.includes("\n");
  if (pipeline.stages.length < 2 || (fits && comments.every(({ behind }) => behind))) return withComments(short, comments, indent.length + 2);
  const stages = pipeline.stages.map((stage, i) => `${i > 0 ? `${indent}| ` : pipeline.continues ? `${head}| ` : head}${printArgs(stage.args)}`);
  return withComments(stages.join("\n"), comments, indent.length + 2);
}
