/** Without this file the codes in messages and the rules of `lint` would have no pages on the site. */
import { existsSync, readFileSync } from "node:fs";
import { CODE_NAMES, codePage } from "../../src/assist/code_page.ts";
import { LINT_RULES } from "../../src/lint/rules/mod.ts";
import { escape, prose, query, terminal, type Page } from "./html.ts";

/** What the tests hold saeq to saying: the golden of a code, or null. */
function picture(code: string): string | null {
  const found = [`../../test/docs/codes/${code}.golden`, `../../test/grammar/golden/${code}.txt`].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  return found === undefined ? null : readFileSync(found, "utf8");
}

/** One page for each code of a diagnostic. */
export function codePages(): Page[] {
  return CODE_NAMES.map((name) => {
    const page = codePage(name)!;
    const shown = picture(name);
    const body = [
      `<p class="lead">${prose(page.summary)}.</p>`,
      `<p>${prose(page.why)}.</p>`,
      `<p><strong>What to do:</strong> ${prose(page.mend)}.</p>`,
      ...(page.query === null ? [] : ["<h2>With this mistake</h2>", query(page.query)]),
      ...Object.entries(page.files ?? {}).map(([file, content]) => `<p>where <code>${escape(file)}</code> holds</p>${terminal(content === "" ? "(nothing)" : content.replaceAll("\u0000", "␀"))}`),
      ...(shown === null || page.query === null ? [] : ["<p>saeq says</p>", terminal(shown)]),
      ...(page.mended === null ? [] : ["<h2>Without it</h2>", query(page.mended)]),
    ];
    return { path: `code/${name}.html`, title: name, summary: page.summary, kind: "code", words: [], body: body.join("\n") };
  });
}

/** One page for each rule of `saeq lint`. */
export function lintPages(): Page[] {
  return LINT_RULES.map(({ code, doc, why, mend, trigger, fixed }) => ({
    path: `lint/${code}.html`,
    title: code,
    summary: doc,
    kind: "lint",
    words: ["lint"],
    body: [
      `<p class="lead">${prose(doc)}.</p>`,
      `<p>${prose(why)}.</p>`,
      `<p><strong>What to do:</strong> ${prose(mend)}.</p>`,
      "<h2>Found in</h2>",
      query(trigger.trimEnd()),
      ...(fixed === null ? [] : ["<h2>Not in</h2>", query(fixed.trimEnd())]),
      `<p class="faint">A line <code># lint-ignore ${code}</code> above silences it.</p>`,
    ].join("\n"),
  }));
}
