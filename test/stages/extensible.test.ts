/** Without this file "adding a stage touches one file" would be a hope. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../house/files.ts";

const PEEK = `/** Without this file a few rows could not be looked at in passing. */
import { int } from "./args.ts";
import { stage } from "./stage.ts";

export const peek = stage({
  name: "peek",
  doc: "Look at the first n rows and no more",
  category: "tables",
  args: { n: int({ keyword: true, min: 1, default: 2, doc: "Rows to look at" }) },
  input: ["table"],
  examples: [{ title: "Three rows", query: "memorization | peek n 3" }],
  searchTerms: ["glance"],
  lower: (context, { n }) => context.node({ op: "limit", count: n }, [context.input], context.input.schema),
});
`;

const PROBE = `
import { createSession } from "./runtime/session/session.ts";
const session = await createSession({ readFrom: ".", writeTo: ".", grants: { read: true, write: [] }, params: {}, settings: { seed: "1", ep: "cpu" }, interactive: true });
const run = async (text) => { const seen = []; const outcome = await session.run({ name: "probe", text }, { signal: new AbortController().signal, onEvent: (event) => seen.push(event) }); return { outcome, seen }; };
const { seen } = await run("memorization | peek n 3");
const typo = await run("memorization | peke");
const keyword = await run("memorization | peek m 3");
console.log(JSON.stringify({
  rows: seen.find((event) => event.kind === "result")?.value.rows,
  complete: session.complete("perfect | pe", 12).items.map((item) => item.text),
  keywords: session.complete("perfect | peek ", 15).items.map((item) => item.text),
  signature: session.complete("perfect | peek ", 15).signature,
  help: session.help("glance"),
  typo: typo.outcome.diagnostics[0]?.label,
  keyword: keyword.outcome.diagnostics[0]?.notes,
}));
await session.close();
`;

test("a stage in one new file runs, completes, is explained, suggested and documented", () => {
  const place = mkdtempSync(join(tmpdir(), "saeq-stage-"));
  try {
    for (const part of ["grammar", "src", "runtime", "repl", "docs", "package.json"]) cpSync(join(ROOT, part), join(place, part), { recursive: true });
    for (const part of ["node_modules", "examples"]) symlinkSync(join(ROOT, part), join(place, part), "junction");
    writeFileSync(join(place, "src", "stages", "peek.ts"), PEEK);
    execFileSync(process.execPath, ["docs/generate.ts"], { cwd: place });
    writeFileSync(join(place, "probe.ts"), PROBE);
    const seen = JSON.parse(execFileSync(process.execPath, ["probe.ts"], { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })) as Readonly<Record<string, never>>;
    assert.equal(seen["rows"], 3);
    assert.equal(seen["complete"], ["peek"]);
    assert.equal(seen["keywords"], ["n"]);
    assert.equal(seen["signature"], "peek [n <int>]");
    assert.match(seen["help"]!, /^peek \[n <int>\]\n {2}Look at the first n rows/);
    assert.equal(seen["typo"], "did you mean `peek`?");
    assert.equal(seen["keyword"], ["its keywords: n", "usage: peek [n <int>]"]);
    assert.match(readFileSync(join(place, "docs", "reference.md"), "utf8"), /### peek\n/);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test.run();
