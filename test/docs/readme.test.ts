/** Without this file README could promise what is no longer so. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { ROOT } from "../house/files.ts";
import { open, run } from "../session/open.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const blocks = (language: string): string[] => [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map((match) => match[1]!.trim());

test("every saeq block parses", () => {
  for (const text of blocks("saeq")) assert.equal(parse(text).diagnostics, [], text);
});

test("blocks that need nothing of the reader's run", async () => {
  const session = await open();
  for (const text of blocks("saeq").filter((each) => !/path\/to|\$layer\n|\$n\)/.test(each))) assert.is((await run(session, text)).outcome.exitCode, 0, text);
  await session.close();
});

test("the two commands of the opening are one line each, and their scripts exist", () => {
  const scripts = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts;
  assert.equal(blocks("sh").slice(0, 2), ["npm ci && npm run demo", "npm ci && npm test"]);
  for (const [, name] of readme.matchAll(/npm run (\w+)/g)) assert.ok(name! in scripts, name);
});

test("files that README, ARCHITECTURE and DESIGN name exist", () => {
  for (const name of ["README.md", "ARCHITECTURE.md", "DESIGN.md", "CHANGELOG.md"]) {
    const text = readFileSync(join(ROOT, name), "utf8");
    for (const [, path] of text.matchAll(/\]\(([^)#:]+)\)/g)) assert.ok(existsSync(join(ROOT, path!)), `${name}: ${path!}`);
    for (const [, path] of text.matchAll(/`((?:src|runtime|grammar|repl|test|examples|docs|bench)\/[\w./-]+)`/g)) if (!path!.startsWith("docs/site")) assert.ok(existsSync(join(ROOT, path!)), `${name}: ${path!}`);
  }
});

test("the changelog lists every stage, each once, and nothing else", () => {
  const entry = /^- Stages for [^]*?(?=^- )/m.exec(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8"))![0];
  const listed = [...entry.matchAll(/\(([^)]*)\)/g)].flatMap(([, names]) => names!.split(/,\s+/));
  assert.equal(listed.sort(), STAGES.map(({ name }) => name).sort());
});

test.run();
