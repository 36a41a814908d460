/** Without these tests a code could lose its page, a page its code, and a fix could mend nothing. `UPDATE=1` rewrites the goldens. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODES } from "../../grammar/codes.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { CODE_PAGES, type CodePage } from "../../src/check/codes.ts";
import { applyFix } from "../../repl/talk.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { folder, open, run } from "../session/open.ts";

/** Words in the same places of the sources that are no codes. */
const OTHER_WORDS = new Set(["dataset-wise", "gemma-3-270m", "gemma-3-270m-pt", "mistral-7b", "circuit-tracer", "gpt-sw3", "gpu-buffer", "napi-v6", "nvidia-smi", "onnxruntime-common", "onnxruntime-node", "openai-gpt", "per-element", "per-head", "hyparquet-writer", "saeq-converted", "step-after", "token-wise", "utf-8", "utf-16be", "utf-16le", "vega-lite"]);
const goldens = join(ROOT, "test", "docs", "codes");

/** Every code that the sources behind the grammar can give. */
function codesInSources(): string[] {
  const files = [...["src/check", "src/stages", "runtime"].flatMap(filesBelow), "src/pipeline.ts"].filter((name) => name.endsWith(".ts") && !name.startsWith("src/check/codes") && name !== "src/stages/mod.ts");
  const found = files.flatMap((name) => {
    const text = readFileSync(join(ROOT, name), "utf8");
    const dashed = [...text.matchAll(/"([a-z]+(?:-[a-z0-9]+)+)"/g)];
    const single = [...text.matchAll(/(?:\bcode: |(?:Data|Checkpoint|Engine)Error\(|\btold\()"([a-z0-9]+)"/g)];
    return [...dashed, ...single].map((match) => match[1]!);
  });
  const ofCommands = filesBelow("repl").filter((name) => name.endsWith(".ts")).flatMap((name) => [...readFileSync(join(ROOT, name), "utf8").matchAll(/DataError\(\{ code: "([a-z0-9-]+)"/g)].map((match) => match[1]!));
  return [...new Set([...found, ...ofCommands])].filter((word) => !OTHER_WORDS.has(word)).sort();
}

test("every code in the sources has a page, and every page a code", () => {
  const grammar = new Set(Object.keys(CODES));
  const inSources = codesInSources().filter((code) => !grammar.has(code));
  assert.equal(Object.keys(CODE_PAGES).sort(), inSources);
});

test("pages are lines, not sentences with a full stop", () => {
  for (const [code, page] of Object.entries(CODE_PAGES)) {
    assert.match(code, /^[a-z]+(-[a-z0-9]+)*$/);
    for (const line of [page.summary, page.why, page.mend]) assert.ok(line !== "" && !/[.\n]$/.test(line), `${code}: ${line}`);
  }
});

const shared = await open({ readFrom: folder() });

async function told(page: CodePage, text: string): Promise<readonly Diagnostic[]> {
  if (page.files === undefined) return (await run(shared, text)).outcome.diagnostics;
  const session = await open({ readFrom: folder(page.files) });
  const { outcome } = await run(session, text);
  await session.close();
  return outcome.diagnostics;
}

const queries = Object.entries(CODE_PAGES).filter(([, page]) => page.query !== null);

for (const [code, page] of queries) {
  test(`${code}: its query has this mistake, and the mended one has it no more`, async () => {
    const text = page.query!;
    const found = (await told(page, text)).find((each) => each.code === code);
    assert.ok(found, `${code} is not told for: ${text}`);
    const rendered = `${renderDiagnostic(found, { name: "query.saeq", text }, { color: false, width: 100 })}\n`.replaceAll(/\S*\/saeq-\w+/g, "…");
    const golden = join(goldens, `${code}.golden`);
    if (process.env["UPDATE"] === "1") writeFileSync(golden, rendered);
    assert.ok(existsSync(golden), `${code} has no golden: UPDATE=1 writes it`);
    assert.fixture(rendered, readFileSync(golden, "utf8"));
    if (found.fix !== undefined) assert.is(applyFix(text, found.fix), page.mended, "the page shows what the fix does");
    if (page.mended !== null) assert.equal((await told(page, page.mended)).filter((each) => each.severity === "error").map((each) => `${each.code}: ${each.message}`), []);
  });
}

test("every golden belongs to a page", () => {
  assert.equal(readdirSync(goldens).map((name) => name.replace(/\.golden$/, "")).sort(), queries.map(([code]) => code).sort());
});

test.after(() => shared.close());
test.run();
