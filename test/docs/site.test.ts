/** Without these tests the site could hold broken links, lose pages, load things from elsewhere, or stop finding what it holds. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import vm from "node:vm";
import { siteFiles } from "../../docs/reference_site/site.ts";
import { CODE_NAMES } from "../../src/assist/code_page.ts";
import { LINT_RULES } from "../../src/lint/rules/mod.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { ROOT } from "../house/files.ts";

const files = siteFiles();
const pages = [...files].filter(([path]) => path.endsWith(".html"));
const VOID = new Set(["meta", "link", "input", "!doctype"]);

test("every stage, code and rule has a page", () => {
  const wanted = [...STAGES.map(({ name }) => `stage/${name}.html`), ...CODE_NAMES.map((name) => `code/${name}.html`), ...LINT_RULES.map(({ code }) => `lint/${code}.html`)];
  assert.equal(wanted.filter((path) => !files.has(path)), []);
});

test("tags are closed in order, ids are told apart, every page has one heading of the first order", () => {
  for (const [path, html] of pages) {
    const open: string[] = [];
    for (const [, close, name] of html.matchAll(/<(\/?)([a-z!][a-z0-9]*)\b[^>]*>/g)) {
      if (VOID.has(name!)) continue;
      if (close === "") open.push(name!);
      else assert.is(open.pop(), name, path);
    }
    assert.equal(open, [], path);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
    assert.is(new Set(ids).size, ids.length, path);
    assert.is(html.match(/<h1>/g)?.length, 1, path);
  }
});

test("links lead somewhere on the site, and nothing is loaded from elsewhere", () => {
  for (const [path, html] of pages) {
    assert.not.match(html, /(?:src|href)="(?:https?:)?\/\//, path);
    for (const [, target] of html.matchAll(/(?:href|src)="([^"#]*)(?:#[^"]*)?"/g)) {
      if (target !== "") assert.ok(files.has(normalize(join(dirname(path), target!)).replaceAll("\\", "/")), `${path} → ${target}`);
    }
  }
  for (const name of ["style.css", "search.js"]) assert.not.match(files.get(name)!, /https?:|@import|url\(/);
});

test("without JavaScript everything can be reached from the first page, and no empty search box is shown", () => {
  const seen = new Set(["index.html"]);
  for (const path of seen) {
    for (const [, target] of files.get(path)!.matchAll(/<a (?:class="[a-z]+" )?href="([^"#]+\.html)/g)) seen.add(normalize(join(dirname(path), target!)).replaceAll("\\", "/"));
  }
  assert.equal(pages.map(([path]) => path).filter((path) => !seen.has(path)), []);
  for (const [path, html] of pages) assert.match(html, '<form class="search" role="search" hidden>', path);
});

/** The part of the DOM that the search uses. */
function searched(typed: string): string[] {
  interface Node { children: Node[]; textContent: string; href?: string; append(node: Node): void; classList: { toggle(): void }; replaceChildren(...nodes: Node[]): void }
  const node = (): Node => ({ children: [], textContent: "", append(child) { this.children.push(child); }, classList: { toggle: () => {} }, replaceChildren(...nodes) { this.children = nodes; } });
  const list = node();
  const events: Record<string, () => void> = {};
  const input = { value: typed, addEventListener: (name: string, handler: () => void) => void (events[name] = handler) };
  const form = { hidden: true, querySelector: (name: string) => (name === "input" ? input : list), addEventListener: () => {} };
  const document = { currentScript: { dataset: { root: "../" } }, querySelector: () => form, createElement: node, addEventListener: () => {}, activeElement: null };
  vm.runInNewContext(files.get("search.js")!, { document, location: {} });
  assert.is(form.hidden, false);
  events["input"]!();
  return list.children.map((item) => item.children[0]?.href ?? item.children[0]?.textContent ?? "");
}

test("search finds stages by name and by what others call them, settings, functions and codes", () => {
  assert.is(searched("acts")[0], "../stage/acts.html");
  assert.is(searched("head")[0], "../stage/take.html");
  assert.is(searched("seed")[0], "../settings.html#seed");
  assert.is(searched("quantile")[0], "../functions.html#quantile");
  assert.is(searched("unknown-st")[0], "../code/unknown-stage.html");
  assert.is(searched("pickle")[0], "../code/pickle-refused.html");
  assert.equal(searched("zzzz"), ["Nothing found"]);
  assert.equal(searched(""), []);
});

test("colours of text have enough contrast, light and dark", () => {
  const css = readFileSync(join(ROOT, "docs/reference_site/style.css"), "utf8");
  const light = (hex: string): number => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const block of css.matchAll(/:root \{([^}]*)\}/g)) {
    const color = new Map([...block[1]!.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)].map((match) => [match[1]!, light(match[2]!)]));
    for (const name of ["text", "faint", "link", "keyword", "string", "number", "operator", "comment", "error"]) {
      for (const ground of ["page", "block"]) {
        const [a, b] = [color.get(name)!, color.get(ground)!];
        assert.ok((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) >= 4.5, `${name} on ${ground}`);
      }
    }
  }
});

test.run();
