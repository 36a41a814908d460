/** Without this test a line that is offered for pasting could be one that nobody can paste. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODES } from "../../grammar/codes.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { CODE_PAGES } from "../../src/check/codes.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { folder, open, run } from "../session/open.ts";
import { OF_SCRIPTS } from "./advice.ts";
import { pasteable } from "./pasted.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly files?: Readonly<Record<string, string>>;
}
const CASES: readonly Case[] = [
  ...filesBelow("test/corpus").filter((name) => name.endsWith(".saeq")).map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") })),
  ...Object.entries(CODE_PAGES).flatMap(([code, { query, files }]) => (query === null ? [] : [{ name: `page of ${code}`, text: query, ...(files === undefined ? {} : { files }) }])),
  ...Object.entries(CODES).map(([code, { trigger }]) => ({ name: `trigger of ${code}`, text: trigger })),
];

/** Mistakes that checking finds; of a script without any, those that running it meets. */
async function told(session: Session, text: string): Promise<readonly Diagnostic[]> {
  const { diagnostics } = await session.check({ name: "t", text });
  return diagnostics.some(({ severity }) => severity === "error") ? diagnostics : (await run(session, text)).outcome.diagnostics;
}

test("the line of every help works when it is pasted, and what stands in no script says why", async () => {
  const counts = { line: 0, form: 0, shell: 0, advice: 0 };
  const failures: string[] = [];
  const shared = await open({ measured: false });
  const reasons = new Set<string>();
  for (const { name, text, files } of CASES) {
    const golden = name.endsWith(".saeq") ? readFileSync(join(ROOT, name.replace(/saeq$/, "golden")), "utf8") : "= help:";
    if (!golden.includes("= help:")) continue;
    const session = files === undefined ? shared : await open({ readFrom: folder(files) });
    const before = await told(session, text);
    for (const diagnostic of before) {
      const { help } = diagnostic;
      if (help === undefined) continue;
      const { kind, mistake, reason } = await pasteable({ ...diagnostic, help }, text, before, OF_SCRIPTS, (pasted) => told(session, pasted));
      counts[kind]++;
      if (reason !== undefined) reasons.add(reason);
      if (mistake !== null) failures.push(`${name}: ${diagnostic.code}: ${diagnostic.message}\n    help: ${help}\n    ${mistake}`);
    }
    if (session !== shared) await session.close();
  }
  await shared.close();
  if (failures.length > 0) assert.unreachable(failures.join("\n"));
  assert.equal([...reasons].sort(), OF_SCRIPTS.map(([, why]) => why).sort(), "every reason is needed");
  assert.ok(counts.line > 100 && counts.form < 20, JSON.stringify(counts));
});

test.run();
