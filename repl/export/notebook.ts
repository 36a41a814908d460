/** Without this file results could not be opened where most of the field works: in a notebook. */
import { visible } from "../../grammar/visible.ts";
import { escape, tableHtml } from "./html.ts";
import { inline } from "./markdown.ts";
import type { Output } from "./outputs.ts";
import { provenanceRows } from "./provenance.ts";
import type { Report } from "./report.ts";

type NotebookCell = Readonly<Record<string, unknown>>;

/** A notebook of format 4.5 (nbformat's `v4.5` schema): text is told as lines, ids count up, and nothing of the time of day is in it. */
export function notebookText(report: Report): string {
  const cells: NotebookCell[] = [];
  const id = (): string => `cell-${cells.length + 1}`;
  const markdown = (text: string): void => void cells.push({ cell_type: "markdown", id: id(), metadata: {}, source: lines(text) });
  const stale = report.stale ?? [];
  markdown(`# ${inline(report.title)}${stale.length === 0 ? "" : `\n\n> **Stale.** These results were computed from other inputs than the record says:\n${stale.map((line) => `> - ${inline(line)}`).join("\n")}`}`);
  let run = 0;
  for (const { prose, source, outputs } of report.cells) {
    if (prose !== "") markdown(prose.split("\n").map((line) => inline(line)).join("  \n"));
    if (source === "" && outputs.length === 0) continue;
    run++;
    cells.push({ cell_type: "code", id: id(), metadata: {}, execution_count: run, source: lines(visible(source, { keepNewlines: true })), outputs: outputs.flatMap(outputsOf) });
  }
  if (report.notes.length > 0) markdown(`## Notes\n\n${report.notes.map((note) => `- ${inline(note)}`).join("\n")}`);
  markdown(`## What this depends on\n\n| what | value |\n|---|---|\n${provenanceRows(report.provenance).map(([name, value]) => `| ${inline(name)} | ${inline(value)} |`).join("\n")}`);
  const metadata = { kernelspec: { display_name: "saeq", language: "saeq", name: "saeq" }, language_info: { file_extension: ".saeq", name: "saeq", mimetype: "text/x-saeq" }, title: visible(report.title) };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

/** A text as nbformat writes it: lines with their ends. */
function lines(text: string): readonly string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

/** One output for each part; the plain text of the whole stands with the first. */
function outputsOf({ header, parts, text }: Output): readonly NotebookCell[] {
  return parts.map(({ name, body }, at) => {
    const caption = `<div><small>${escape(at === 0 ? header : "")}</small></div>${name === null ? "" : `<div><b>${escape(name)}</b></div>`}`;
    const plain = lines(at === 0 ? `${header}\n${text}` : (name ?? ""));
    const data: Record<string, unknown> = { "text/plain": plain };
    if (body.kind === "rows") data["text/html"] = lines(`${caption}\n${tableHtml(body)}`);
    if (body.kind === "drawing") {
      data["image/svg+xml"] = lines(body.svg);
      data["application/vnd.vegalite.v6+json"] = body.spec;
    }
    return { output_type: "display_data", metadata: {}, data };
  });
}
