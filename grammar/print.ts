/** Without this file every author would lay out pipelines differently, and sessions could not be saved as scripts. */
import { columns } from "./width.ts";
import type { Comment, Def, Let, Param, Pipeline, Script, Stage, Statement } from "./ast.ts";
import { printArg, printArgs, printExpr, printName, printPipeline } from "./print_parts.ts";

export const LINE_WIDTH = 100;

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
    const text = layOutStatement(statement, within);
    const first = text[0] ?? "";
    // A line that starts with a pipe would continue the statement above it.
    lines.push(continues(statement) && i > 0 ? `; ${first}` : first, ...text.slice(1));
    end = Math.max(statement.span.end, within.at(-1)?.span.end ?? 0);
    const moved = within.filter((comment) => comment.doc).length > 1 || (text.at(-1) ?? "").startsWith("##");
    // A `##` line moved out of a statement must not become the description of the next one.
    if (moved && documented(script.statements[i + 1]) && (comments[next] === undefined || comments[next]!.span.start > stop)) lines.push("");
  });
  while (next < comments.length) ownLine(comments[next++]!);
  while (lines.at(-1) === "") lines.pop();
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

const continues = (statement: Statement): boolean => statement.kind === "pipelineStatement" && statement.pipeline.continues;
const documented = (statement: Statement | undefined): statement is Param | Let | Def => statement?.kind === "param" || statement?.kind === "let" || statement?.kind === "def";

function layOutStatement(statement: Statement, comments: readonly Comment[]): string[] {
  switch (statement.kind) {
    case "edition": return withComments([{ text: `saeq ${printExpr(statement.version)}`, end: Infinity }], comments);
    case "use": return withComments([{ text: `use ${printExpr(statement.path)}${statement.alias === null ? "" : ` as ${printName(statement.alias)}`}`, end: Infinity }], comments);
    case "param": return withComments([{ text: `param ${printName(statement.name)}: ${printName(statement.type)}${statement.value === null ? "" : ` = ${printExpr(statement.value)}`}`, end: Infinity }], comments);
    case "set": return withComments([{ text: `set ${printArgs(statement.args)}`, end: Infinity }], comments);
    case "let": return layOutPipeline(`let ${printName(statement.name)} = `, statement.value, comments);
    case "def": {
      const formals = statement.formals.map((f) => `${printName(f.name)}${f.type === null ? "" : `: ${printName(f.type)}`}${f.value === null ? "" : ` = ${printExpr(f.value)}`}`);
      return layOutPipeline(`def ${printName(statement.name)}(${formals.join(", ")}) = `, statement.body, comments);
    }
    case "pipelineStatement": return layOutPipeline("", statement.pipeline, comments);
    default: throw new Error(`No layout for ${String(statement satisfies never)}`);
  }
}

/** One line of a statement, and up to which offset the comments belong to it. */
interface Piece {
  readonly text: string;
  readonly end: number;
}

function layOutPipeline(head: string, pipeline: Pipeline, comments: readonly Comment[]): string[] {
  const short = head + printPipeline(pipeline);
  const last = pipeline.stages.at(-1);
  const trailing = comments.every((comment) => last === undefined || comment.span.start >= last.span.start);
  const fits = columns(short.slice(0, LINE_WIDTH * 2)) <= LINE_WIDTH && short.length <= LINE_WIDTH * 2 && !short.includes("\n");
  const broken = pipeline.stages.some((stage) => stageLines(stage, comments, Infinity).length > 1);
  if (!broken && (pipeline.stages.length < 2 || (trailing && fits))) return withComments([{ text: short, end: Infinity }], comments);
  const indent = head === "" ? "" : "  ";
  const pieces = pipeline.stages.flatMap((stage, i): readonly Piece[] => {
    const [first, ...rest] = stageLines(stage, comments, pipeline.stages[i + 1]?.span.start ?? Infinity);
    const opened = i > 0 ? `${indent}| ${first!.text}` : pipeline.continues ? `${head}| ${first!.text}` : head + first!.text;
    return [{ text: opened, end: first!.end }, ...rest.map(({ text, end }) => ({ text: `${indent}  ${text}`, end }))];
  });
  return withComments(pieces, comments);
}

/** A stage on one line, but for breaks behind commas that a comment follows: it stays with the item it was written behind. */
function stageLines({ args }: Stage, comments: readonly Comment[], end: number): Piece[] {
  const lines: Piece[] = [];
  let text = "";
  for (const { items, span } of args) {
    items.forEach((item, at) => {
      text += `${text === "" ? "" : " "}${printArg({ items: [item], span })}${at < items.length - 1 ? "," : ""}`;
      const following = items[at + 1]?.span.start;
      if (following === undefined || !comments.some((comment) => comment.span.start >= item.span.end && comment.span.start < following)) return;
      lines.push({ text, end: following });
      text = "";
    });
  }
  return [...lines, { text, end }];
}

/** Each comment goes behind the piece it was written in or after; a second one, or one on its own line, below it. */
function withComments(pieces: readonly Piece[], comments: readonly Comment[]): string[] {
  const lines: string[] = [];
  let next = 0;
  pieces.forEach((piece, i) => {
    const indent = /^ */.exec((pieces[i + 1] ?? piece).text)?.[0] ?? "";
    lines.push(piece.text);
    let taken = false;
    for (; next < comments.length && comments[next]!.span.start < piece.end; next++) {
      const comment = comments[next]!;
      const between = i < pieces.length - 1;
      if (taken || (comment.ownLine && between)) lines.push((between ? indent : "") + comment.text);
      else lines.push(`${lines.pop()!}  ${comment.text}`);
      taken = true;
    }
  });
  return lines;
}
