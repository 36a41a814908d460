/** Without this file each test of records would run scripts in its own way. */
import { dirname } from "node:path";
import { readFileSync } from "node:fs";
import { createRecorder } from "../../repl/subcommands/recorded_run.ts";
import type { RunRecord } from "../../runtime/record/run_record.ts";
import { createSession, type InnerOptions } from "../../runtime/session/session.ts";
import { folder } from "../session/open.ts";

/** The record of a script file or text, run in this process on one lane. */
export async function recorded(script: string | { readonly text: string; readonly readFrom: string }, options: Partial<InnerOptions> = {}): Promise<RunRecord> {
  const text = typeof script === "string" ? readFileSync(script, "utf8") : script.text;
  const readFrom = typeof script === "string" ? dirname(script) : script.readFrom;
  const writeTo = folder();
  const source = { name: "test.saeq", text };
  const recorder = createRecorder(source);
  const flags = { ep: "cpu", ...options.settings };
  const session = await createSession({ readFrom, writeTo, grants: { read: true, write: true }, params: {}, interactive: false, engine: { lanes: 1, threads: 1 }, ...options, settings: flags, observe: recorder.observe });
  try {
    const checked = await session.check(source);
    const outcome = await recorder.watched(session).run(source, { signal: new AbortController().signal, onEvent: () => {} });
    if (outcome.exitCode !== 0) throw new Error(outcome.diagnostics.map(({ message }) => message).join("; "));
    return await recorder.record(checked, { name: source.name, readFrom, writeTo, params: options.params ?? {}, flags });
  } finally {
    await session.close();
  }
}
