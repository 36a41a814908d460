/** Without this file every page would write its tags, frame and colours in its own way. */
import { tokenize } from "../../grammar/parse.ts";

/** One page of the site. */
export interface Page {
  /** `stage/acts.html` */
  readonly path: string;
  readonly title: string;
  /** One line, for lists and search. */
  readonly summary: string;
  /** What it is, for search: stage, setting, function, code … */
  readonly kind: string;
  /** Further words that find it. */
  readonly words: readonly string[];
  readonly body: string;
}

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A line of prose; what stands in backquotes is code. */
export function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** A saeq query, coloured by saeq's own lexer. */
export function query(text: string): string {
  let out = "";
  let at = 0;
  for (const { kind, span } of tokenize(text)) {
    if (span.start < at) continue;
    out += `${escape(text.slice(at, span.start))}<span class="${kind}">${escape(text.slice(span.start, span.end))}</span>`;
    at = span.end;
  }
  return `<pre class="query"><code>${out}${escape(text.slice(at))}</code></pre>`;
}

/** Text as a terminal shows it. */
export function terminal(text: string): string {
  return `<pre><code>${escape(text.trimEnd())}</code></pre>`;
}

/** How something is written: wrapped rather than cut. */
export function usageLine(text: string): string {
  return `<pre class="usage"><code>${escape(text)}</code></pre>`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (tag: string, cells: readonly string[]): string => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${row("th", head)}</thead><tbody>${rows.map((cells) => row("td", cells)).join("")}</tbody></table></div>`;
}

export function link(path: string, text: string, from: string): string {
  return `<a href="${rootOf(from)}${path}">${escape(text)}</a>`;
}

/** From a page back to the folder of the site. */
export function rootOf(path: string): string {
  return "../".repeat(path.split("/").length - 1);
}

/** A whole document around the body of a page. */
export function frame(page: Page, navigation: string): string {
  const root = rootOf(page.path);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(page.title)} · saeq</title>`,
    `<meta name="description" content="${escape(page.summary)}">`,
    `<link rel="stylesheet" href="${root}style.css">`,
    `<script src="${root}search.js" data-root="${root}" defer></script>`,
    "</head>",
    "<body>",
    '<a class="skip" href="#main">To the text</a>',
    `<header><a class="home" href="${root}index.html">saeq</a><form class="search" role="search" hidden><input type="search" aria-label="Search the reference" placeholder="Search  /" autocomplete="off"><ol aria-live="polite"></ol></form></header>`,
    `<div class="columns"><nav aria-label="Reference">${navigation}</nav>`,
    `<main id="main"><h1>${escape(page.title)}</h1>`,
    page.body,
    "</main></div>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
