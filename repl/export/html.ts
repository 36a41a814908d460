/** Without this file a result could not be sent to somebody without saeq: one page that opens offline and runs nothing but its own viewer. */
import { createHash } from "node:crypto";
import { tokenize } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import type { Contexts, Drawing, Output, Rows } from "./outputs.ts";
import { pageScript } from "./page_script.ts";
import { PAGE_STYLE } from "./page_style.ts";
import { provenanceRows } from "./provenance.ts";
import type { Cell, Report } from "./report.ts";
import { counted } from "../../runtime/counted.ts";

/** The page. Its policy allows one style and one script, by their hashes, and nothing from anywhere; data stands in it as text and JSON only. */
export function htmlPage(report: Report): string {
  const script = report.cells.some(({ outputs }) => outputs.some(({ parts }) => parts.some(({ body }) => body.kind === "drawing"))) ? pageScript() : null;
  const policy = ["default-src 'none'", `style-src '${sourceHash(PAGE_STYLE)}'`, script === null ? "script-src 'none'" : `script-src '${sourceHash(script)}'`, "base-uri 'none'", "form-action 'none'"].join("; ");
  const title = escape(visible(report.title));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<h1>${title}</h1>
${staleBanner(report.stale)}<main>
${report.cells.map(cellHtml).join("\n")}
</main>
${notesHtml(report.notes)}<footer>
<h2>What this depends on</h2>
<table><tbody>
${provenanceRows(report.provenance).map(([name, value]) => `<tr><th scope="row">${escape(visible(name))}</th><td>${escape(visible(value))}</td></tr>`).join("\n")}
</tbody></table>
</footer>
${script === null ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

function sourceHash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Text that stays text, in content and in attributes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** JSON in a script element that is no script: nothing in it can end the element or begin a comment. */
function inlineJson(value: object): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function staleBanner(stale: readonly string[] | null): string {
  if (stale === null || stale.length === 0) return "";
  return `<div class="stale" role="note"><strong>Stale.</strong> These results were computed from other inputs than the record says:\n<ul>${stale.map((line) => `<li>${escape(visible(line))}</li>`).join("")}</ul></div>\n`;
}

function notesHtml(notes: readonly string[]): string {
  return notes.length === 0 ? "" : `<section>\n<h2>Notes</h2>\n<ul>${notes.map((note) => `<li>${escape(visible(note))}</li>`).join("")}</ul>\n</section>\n`;
}

function cellHtml({ prose, source, outputs }: Cell): string {
  return [prose === "" ? "" : `<p class="prose">${escape(visible(prose, { keepNewlines: true }))}</p>`, source === "" ? "" : sourceHtml(source), ...outputs.map(outputHtml)].filter((part) => part !== "").join("\n");
}

/** The script, coloured by saeq's own lexer. */
function sourceHtml(text: string): string {
  const shown = (piece: string): string => escape(visible(piece, { keepNewlines: true }));
  let out = "";
  let at = 0;
  for (const { kind, span } of tokenize(text)) {
    if (span.start < at) continue;
    out += `${shown(text.slice(at, span.start))}<span class="${kind}">${shown(text.slice(span.start, span.end))}</span>`;
    at = span.end;
  }
  return `<pre class="source"><code>${out}${shown(text.slice(at))}</code></pre>`;
}

function outputHtml({ header, parts }: Output): string {
  const bodies = parts.map(({ name, body }) => `<div>${name === null ? "" : `<div class="group">${escape(name)}</div>\n`}${bodyHtml(body)}</div>`);
  return `<figure>\n<figcaption>${escape(header)}</figcaption>\n<div class="beside">\n${bodies.join("\n")}\n</div>\n</figure>`;
}

function bodyHtml(body: Output["parts"][number]["body"]): string {
  switch (body.kind) {
    case "rows":
      return tableHtml(body);
    case "drawing":
      return drawingHtml(body);
    case "contexts":
      return contextsHtml(body);
    case "plain":
      return `<pre>${escape(body.text)}</pre>`;
    default:
      return body satisfies never;
  }
}

/** A table without a script, a style or a link in it: notebooks take it too. */
export function tableHtml({ columns, cells, hidden }: Rows): string {
  const kind = (at: number): string => (columns[at]!.numeric ? ' class="n"' : "");
  const head = columns.map(({ name }, at) => `<th scope="col"${kind(at)}>${escape(name)}</th>`).join("");
  const rows = cells.map((row) => `<tr>${row.map((cell, at) => (cell === null ? `<td class="null">null</td>` : `<td${kind(at)}>${escape(cell)}</td>`)).join("")}</tr>`);
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>${hidden > 0 ? `\n<div class="more">and ${counted(hidden, "more row")}</div>` : ""}`;
}

function drawingHtml({ svg, vega }: Drawing): string {
  return `<figure class="plot">${svg}\n<script type="application/json">${inlineJson(vega)}</script></figure>`;
}

function contextsHtml({ places }: Contexts): string {
  return places.map(({ about, pieces }) => `<div class="context"><small>${escape(about)}</small>${pieces.map(pieceHtml).join("")}</div>`).join("\n");
}

function pieceHtml({ text, heat, firing, special }: Contexts["places"][number]["pieces"][number]): string {
  if (special) return `<span class="special" title="a special token: it counts nowhere">${escape(text)}</span>`;
  return `<span class="h${heat}${firing ? " fires" : ""}">${escape(text)}</span>`;
}
