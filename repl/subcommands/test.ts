/** Without this file nobody would know whether a script still gives what it gave. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import type { Session, SessionEvent, Source } from "../../runtime/session/session_port.ts";
import type { Request } from "../request.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { withDefault } from "../../src/check/param_defaults.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { commandWithGrants, near, withGrants } from "../permissions.ts";
import { watchInterrupts } from "../interrupts.ts";
import { duration } from "../progress.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { scriptFiles } from "./script_files.ts";
import { compareSnapshots, snapshotOf } from "./snapshot.ts";
import { grantsOf, makeOut, mistake, openSession, readSource, sayDataError, type Shop } from "./shop.ts";

const ENDING = "_test.saeq";

/** How a test ended, and what there is to say of one that compared nothing. */
interface Tested {
  readonly fine: boolean;
  readonly note?: string;
  readonly unread?: true;
}

type Result = Extract<SessionEvent, { kind: "result" }>;

/** `saeq test [FILES or folders] [--update]`: 1 where a file fails, 2 where a folder has none, 10 where one cannot be read, 130 or 143 where it was stopped. */
export async function testFiles(request: Extract<Request, { kind: "test" }>, shop: Shop): Promise<number> {
  const files = scriptFiles(request.files.length > 0 ? request.files : ["."], shop, ENDING);
  if (!makeOut(shop)) return 2;
  const abort = new AbortController();
  const interrupts = watchInterrupts({ first: () => abort.abort(), second: () => process.exit(130), hangUp: () => abort.abort() });
  let passed = 0;
  let failed = 0;
  let missing = 0;
  for (const file of files) {
    const started = performance.now();
    const { fine, note = "", unread } = await testFile(file, request.update, abort.signal, shop);
    if (abort.signal.aborted) break;
    if (fine) passed++;
    else failed++;
    if (unread) missing++;
    shop.stdout.write(`${fine ? "ok    " : "failed"}  ${visible(file)}  ${duration(performance.now() - started)}${note === "" ? "" : `  ${visible(note)}`}\n`);
  }
  interrupts.stop();
  if (abort.signal.aborted) shop.stderr.write(interrupts.hungUp() ? "stopped by a signal\n" : "cancelled\n");
  shop.stdout.write(`${passed} passed, ${failed} failed\n`);
  return abort.signal.aborted ? (interrupts.hungUp() ? 143 : 130) : missing > 0 ? 10 : failed > 0 ? 1 : 0;
}

/** Run one file with the rights to read beside it, and compare; what is wrong is said. */
async function testFile(file: string, update: boolean, signal: AbortSignal, shop: Shop): Promise<Tested> {
  const source = await readSource(file, shop);
  if (source === null) return { fine: false, unread: true };
  const path = resolve(shop.cwd, file);
  const beside = dirname(path);
  const session = await openSession(shop, { readFrom: beside, grants: withGrants(grantsOf(shop, beside, path), { read: [realPath(beside)], write: [] }) });
  try {
    let shown: Result | null = null;
    const outcome = await session.run(source, {
      signal,
      onEvent: (event) => {
        if (event.kind === "result" && !isNothing(event.value) && (event.last || shown?.last !== true)) shown = event;
        if (event.kind === "diagnostic" && event.diagnostic.severity === "error") shop.stderr.write(`${sayDiagnostic(ofTest(event.diagnostic, event.source), event.source, shop.talkLook)}\n`);
      },
    });
    if (outcome.exitCode === 4) await sayFlags(source, session, shop);
    if (outcome.exitCode !== 0) return { fine: false };
    const value = shown === null ? null : (shown as Result).value;
    const snapshot = `${path}.snap`;
    if (update && value !== null) return { fine: await written(snapshot, value, shop) };
    if (existsSync(snapshot)) return { fine: snapshotFits(snapshot, value, shop) };
    return (await asserts(source, session, shop)) ? { fine: true } : { fine: true, note: value === null ? "nothing is shown or asserted" : `nothing compared: no snapshot; to make one: saeq test --update ${shellWord(file)}` };
  } finally {
    await session.close();
  }
}

/** An `assert` of relations that it names passes on no rows, of no columns. */
function isNothing(value: Value): boolean {
  return value.kind === "table" && value.columns.length === 0;
}

/** `saeq test` has no flags for params. */
function ofTest(diagnostic: Diagnostic, { text }: Source): Diagnostic {
  const param = diagnostic.code !== "missing-param" ? undefined : parse(text).script.statements.find(({ span }) => span.start === diagnostic.span.start);
  return param?.kind === "param" ? { ...diagnostic, label: "a test is run without params: write a default", help: withDefault(param) } : diagnostic;
}

async function asserts(source: Source, session: Session, shop: Shop): Promise<boolean> {
  const { compiled } = await checkShown(session, source, shop);
  return compiled?.pipelines.some(({ written: plan }) => nodes(plan).some(({ op }) => op.op === "assert")) ?? false;
}

async function sayFlags(source: Source, session: Session, shop: Shop): Promise<void> {
  const { needs } = await checkShown(session, source, shop);
  shop.stderr.write(`to allow it: ${visible(commandWithGrants(shop.argv, needs, shop.cwd))}\n`);
}

function written(path: string, value: Value, shop: Shop): Promise<boolean> {
  return atomicWrite(path, [snapshotOf(value)]).then(() => true, (error: unknown) => (sayDataError(shop, error), false));
}

/** The last result that is any against its snapshot. */
function snapshotFits(path: string, value: Value | null, shop: Shop): boolean {
  const name = visible(basename(path));
  if (value === null) {
    mistake(shop, `there is no result to compare with ${name}; to do without it: rm ${visible(shellWord(near(path, shop.cwd)))}`);
    return false;
  }
  const difference = compareSnapshots(readFileSync(path, "utf8"), snapshotOf(value));
  if (difference === null) return true;
  mistake(shop, `the result is not that of ${name}; \`--update\` writes it anew\n${visible(difference, { keepNewlines: true })}`);
  return false;
}
