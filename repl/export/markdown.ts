/** Without this file results could not go into a README or a wiki. */
import { visible } from "../../grammar/visible.ts";
import type { Output, Rows } from "./outputs.ts";
import { provenanceRows } from "./provenance.ts";
import type { Report } from "./report.ts";
import { counted } from "../../runtime/counted.ts";

/** Where a picture lies, by its number from 1: a file beside the text, or the picture itself as a data address. */
export type Address = (svg: string, number: number) => string;

/** The picture itself, for one file that stands alone. GitHub shows no such pictures. */
export const inText: Address = (svg) => `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;

/** Markdown as GitHub reads it. */
export function markdownText(report: Report, address: Address): string {
  let pictures = 0;
  const picture = (svg: string): string => `![plot ${++pictures}](${address(svg, pictures)})`;
  const stale = report.stale ?? [];
  const parts = [
    `# ${inline(report.title)}`,
    ...(stale.length === 0 ? [] : [`> **Stale.** These results were computed from other inputs than the record says:\n${stale.map((line) => `> - ${inline(line)}`).join("\n")}`]),
    ...report.cells.flatMap(({ prose, source, outputs }) => [
      ...(prose === "" ? [] : [prose.split("\n").map((line) => inline(line)).join("  \n")]),
      ...(source === "" ? [] : [fenced(visible(source, { keepNewlines: true }), "saeq")]),
      ...outputs.flatMap((output) => outputText(output, picture)),
    ]),
    ...(report.notes.length === 0 ? [] : ["## Notes", report.notes.map((note) => `- ${inline(note)}`).join("\n")]),
    "## What this depends on",
    ["| what | value |", "|---|---|", ...provenanceRows(report.provenance).map(([name, value]) => `| ${inline(name)} | ${inline(value)} |`)].join("\n"),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Text on one line that Markdown leaves as it is: no markup, no link, no HTML. */
export function inline(text: string): string {
  return visible(text)
    .replace(/[\\`*_{}[\]()#!|~$]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // Addresses would become links by themselves.
    .replace(/(https?|ftp|mailto|www)([:.])/gi, "$1\\$2")
    .replaceAll("@", "\\@")
    .replace(/^(\s*)([-+=])/, "$1\\$2")
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, "$1\\$2");
}

/** A block whose fence is longer than any in the text. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function outputText({ header, parts, text }: Output, picture: (svg: string) => string): readonly string[] {
  const simple = parts.every(({ body }) => body.kind === "rows" || body.kind === "drawing");
  if (!simple) return [`*${inline(header)}*`, fenced(text, "text")];
  return [`*${inline(header)}*`, ...parts.flatMap(({ name, body }) => [...(name === null ? [] : [`**${inline(name)}**`]), body.kind === "rows" ? table(body) : body.kind === "drawing" ? picture(body.svg) : ""])];
}

function table({ columns, cells, hidden }: Rows): string {
  if (columns.length === 0) return `${cells.length + hidden} rows without columns`;
  const row = (texts: readonly string[]): string => `| ${texts.join(" | ")} |`;
  const lines = [row(columns.map(({ name }) => inline(name))), row(columns.map(({ numeric }) => (numeric ? "---:" : "---"))), ...cells.map((each) => row(each.map((cell, at) => (cell === null ? "null" : columns[at]!.numeric ? cell : inline(cell)))))];
  return `${lines.join("\n")}${hidden > 0 ? `\n\nand ${counted(hidden, "more row")}` : ""}`;
}
