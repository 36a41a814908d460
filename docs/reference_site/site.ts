/** Without this file pages would not be joined into a site: navigation, search and the first page. */
import { readFileSync } from "node:fs";
import { SETTINGS } from "../../src/check/settings.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { codePages, lintPages } from "./code_pages.ts";
import { frame, link, prose, query, type Page } from "./html.ts";
import { commandLinePage, exitCodesPage, functionsPage, operatorsPage, settingsPage, stagePages } from "./pages.ts";

/** What search finds: title, one line, kind, place, further words. */
type Entry = readonly [string, string, string, string, string];

/** Every file of the site, by its path. Pure but for reading what the tests hold fixed. */
export function siteFiles(): ReadonlyMap<string, string> {
  const stages = stagePages();
  const single = [settingsPage(), operatorsPage(), functionsPage(), commandLinePage(), exitCodesPage()];
  const lints = lintPages();
  const codes = codePages();
  const lists = [list("codes.html", "Codes", "What each code in a message means", codes), list("lint.html", "Rules of lint", "What `saeq lint` finds", lints)];
  const rest = [...single, ...lists];
  const pages = [index(stages, rest), ...stages, ...rest, ...codes, ...lints];
  const entry = ({ title, summary, kind, path, words }: Page): Entry => [title, summary, kind, path, words.join(" ")];
  const entries: Entry[] = [
    ...[...stages, ...rest, ...codes, ...lints].map(entry),
    ...Object.entries(SETTINGS).map(([name, spec]): Entry => [name, spec.doc, "setting", `settings.html#${name}`, ""]),
    ...Object.entries(FUNCTIONS).map(([name, signature]): Entry => [name, signature.doc, "function", `functions.html#${name}`, ""]),
  ];
  const beside = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
  return new Map([
    ...pages.map((page): [string, string] => [page.path, frame(page, navigation(page, rest))]),
    ["style.css", beside("style.css")],
    ["search.js", beside("search.js").replace('"ENTRIES"', () => JSON.stringify(entries).replaceAll("<", "\\u003c"))],
  ]);
}

function navigation(page: Page, rest: readonly Page[]): string {
  const item = (path: string, text: string): string => `<li${path === page.path ? ' aria-current="page"' : ""}>${link(path, text, page.path)}</li>`;
  return `<ul>${rest.map(({ path, title }) => item(path, title)).join("")}</ul><h2>Stages</h2><ul>${STAGES.map(({ name }) => item(`stage/${name}.html`, name)).join("")}</ul>`;
}

function list(path: string, title: string, summary: string, pages: readonly Page[]): Page {
  const body = `<dl>${pages.map((page) => `<dt>${link(page.path, page.title, path)}</dt><dd>${prose(page.summary)}</dd>`).join("\n")}</dl>`;
  return { path, title, summary, kind: "page", words: [], body };
}

function index(stages: readonly Page[], rest: readonly Page[]): Page {
  const first = STAGES.find((stage) => stage.name === "sample")!.examples[0]!.query;
  const entries = (pages: readonly Page[]): string => `<dl>${pages.map((page) => `<dt>${link(page.path, page.title, "index.html")}</dt><dd>${prose(page.summary)}</dd>`).join("\n")}</dl>`;
  const body = ['<p class="lead">Which sparse-autoencoder features fire on which texts, and do two sets of texts differ?</p>', query(first), entries(rest), "<h2>Stages</h2>", entries(stages)].join("\n");
  return { path: "index.html", title: "Reference", summary: "The reference of saeq", kind: "page", words: [], body };
}
