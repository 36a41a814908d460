/** Without this file nobody would know whether a script still gives what it gave. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import type { Source } from "../../runtime/session/session_port.ts";
import type { Request } from "../request.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { flagLine, withGrants } from "../permissions.ts";
import { watchInterrupts } from "../interrupts.ts";
import { duration } from "../progress.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { scriptFiles } from "./script_files.ts";
import { compareSnapshots, snapshotOf } from "./snapshot.ts";
import { grantsOf, makeOut, mistake, openSession, readSource, sayDataError, type Shop } from "./shop.ts";

const ENDING = "_test.saeq";

/** `saeq test [FILES or folders] [--update]`: 1 where a file fails, 2 where there is none, 130 or 143 where it was stopped. */
export async function testFiles(request: Extract<Request, { kind: "test" }>, shop: Shop): Promise<number> {
  const files = scriptFiles(request.files.length > 0 ? request.files : ["."], shop, ENDING);
  if (!makeOut(shop)) return 2;
  const abort = new AbortController();
  const interrupts = watchInterrupts({ first: () => abort.abort(), second: () => process.exit(130), hangUp: () => abort.abort() });
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const started = performance.now();
    const fine = await testFile(file, request.update, abort.signal, shop);
    if (abort.signal.aborted) break;
    if (fine) passed++;
    else failed++;
    shop.stdout.write(`${fine ? "ok    " : "failed"}  ${visible(file)}  ${duration(performance.now() - started)}\n`);
  }
  interrupts.stop();
  if (abort.signal.aborted) shop.stderr.write(interrupts.hungUp() ? "stopped by a signal\n" : "cancelled\n");
  shop.stdout.write(`${passed} passed, ${failed} failed\n`);
  return abort.signal.aborted ? (interrupts.hungUp() ? 143 : 130) : failed > 0 ? 1 : 0;
}

/** Run one file with the rights to read beside it, and compare; false after saying what is wrong. */
async function testFile(file: string, update: boolean, signal: AbortSignal, shop: Shop): Promise<boolean> {
  const source = await readSource(file, shop);
  if (source === null) return false;
  const path = resolve(shop.cwd, file);
  const beside = dirname(path);
  const session = await openSession(shop, { readFrom: beside, grants: withGrants(grantsOf(shop, beside, path), { read: [realPath(beside)], write: [] }) });
  try {
    let last: Value | null = null;
    const outcome = await session.run(source, {
      signal,
      onEvent: (event) => {
        if (event.kind === "result" && event.last) last = event.value;
        if (event.kind === "diagnostic" && event.diagnostic.severity === "error") shop.stderr.write(`${sayDiagnostic(event.diagnostic, event.source, shop.talkLook)}\n`);
      },
    });
    if (outcome.exitCode === 4) await sayFlags(source, session, shop);
    return outcome.exitCode === 0 && (await snapshotFits(`${path}.snap`, last, update, shop));
  } finally {
    await session.close();
  }
}

async function sayFlags(source: Source, session: Awaited<ReturnType<typeof openSession>>, shop: Shop): Promise<void> {
  const { needs } = await checkShown(session, source, shop);
  shop.stderr.write(`to allow it: saeq test ${visible(flagLine(needs, shop.cwd))}\n`);
}

/** The last result against its snapshot, where there is one; `--update` writes it. */
async function snapshotFits(path: string, value: Value | null, update: boolean, shop: Shop): Promise<boolean> {
  if (value === null) return true;
  if (update) {
    return atomicWrite(path, [snapshotOf(value)]).then(() => true, (error: unknown) => (sayDataError(shop, error), false));
  }
  if (!existsSync(path)) return true;
  const difference = compareSnapshots(readFileSync(path, "utf8"), snapshotOf(value));
  if (difference === null) return true;
  mistake(shop, `the result is not that of ${visible(basename(path))}; \`--update\` writes it anew\n${visible(difference, { keepNewlines: true })}`);
  return false;
}
