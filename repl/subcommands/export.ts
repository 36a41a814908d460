/** Without this file a result could be shown to nobody who does not run saeq. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { atomicWrite, checkPlace } from "../../runtime/data/atomic_write.ts";
import { rowCount } from "../../runtime/data/row_count.ts";
import type { Checked, Session, SessionEvent, Source } from "../../runtime/session/session_port.ts";
import type { ExportFormat, Request } from "../request.ts";
import { outputOf, type Output } from "../export/outputs.ts";
import { provenanceOf, staleness } from "../export/provenance.ts";
import { piecesOf, titleOf, type Report } from "../export/report.ts";
import { watchInterrupts } from "../interrupts.ts";
import { liveProgress } from "../live_progress.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import { scriptName } from "../permissions.ts";
import { say, sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { wrongParam } from "./run.ts";
import { settleGrants } from "./settle_grants.ts";
import { grantsOf, makeOut, openSession, overwrites, readSource, sayDataError, withoutQuery, type Shop } from "./shop.ts";

type Export = Extract<Request, { kind: "export" }>;
type Result = Extract<SessionEvent, { kind: "result" }>;

/** `saeq export FILE --to html|md|ipynb [-o FILE]`: run it as `saeq run` does, and write what it gave as one file. */
export async function exportScript(request: Export, shop: Shop): Promise<number> {
  const source = await readSource(request.file, shop);
  if (source === null) return 10;
  if (withoutQuery(source, shop)) return 2;
  const script = request.file === "-" ? null : resolve(shop.cwd, request.file);
  const name = scriptName(request.file);
  const readFrom = script === null ? shop.cwd : dirname(script);
  const first = grantsOf(shop, readFrom, script);
  const open = (grants: typeof first): Promise<Session> => openSession(shop, { readFrom, grants, params: request.params });
  let session = await open(first);
  try {
    let checked = await checkShown(session, source, shop);
    const wrong = wrongParam(name, request.params, checked, shop);
    if (wrong !== null) return wrong;
    if (!checked.diagnostics.some(({ severity }) => severity === "error")) {
      const grants = await settleGrants({ name, file: request.file, readFrom }, checked.needs, first, shop);
      if (grants === null) return 4;
      if (grants !== first) {
        await session.close();
        session = await open(grants);
        checked = await checkShown(session, source, shop);
      }
    }
    if (!makeOut(shop)) return 2;
    const file = fileOf(request, shop);
    if (file !== null && overwrites(shop, file, [...(script === null ? [] : [script]), ...checked.needs.read])) return 2;
    if (!(await placeable(file, shop))) return 1;
    return await runAndWrite(request, source, checked, session, shop);
  } finally {
    await session.close();
  }
}

async function runAndWrite(request: Export, source: Source, checked: Checked, session: Session, shop: Shop): Promise<number> {
  const abort = new AbortController();
  const interrupts = watchInterrupts({ first: () => abort.abort(), second: () => process.exit(130), hangUp: () => abort.abort() });
  const progress = liveProgress(shop.stderr, shop.talkLook, shop.options.progress && !shop.options.quiet);
  const results: Result[] = [];
  const notes: string[] = [];
  const onEvent = (event: SessionEvent): void => {
    if (event.kind === "result") results.push(event);
    else if (event.kind === "progress") progress.show(event);
    else if (event.kind === "notice") notes.push(event.text);
    else if (event.kind === "diagnostic" || !shop.options.quiet) {
      progress.clear();
      shop.stderr.write(`${event.kind === "diagnostic" ? sayDiagnostic(event.diagnostic, event.source, shop.talkLook) : say(event, shop.talkLook)}\n`);
    }
  };
  try {
    const outcome = await session.run(source, { signal: abort.signal, onEvent });
    progress.clear();
    // What is left is written whole or not at all: a signal may end it anywhere.
    interrupts.stop();
    if (outcome.cancelled) shop.stderr.write("cancelled; nothing was exported\n");
    if (outcome.cancelled) return interrupts.hungUp() ? 143 : 130;
    if (outcome.exitCode !== 0 || checked.compiled === undefined) return outcome.exitCode;
    const provenance = provenanceOf(source.text, checked.compiled, packageVersion());
    const record = recordOf(request, source, shop);
    const report: Report = {
      title: titleOf(source.text, scriptName(source.name === "stdin" ? "-" : request.file)),
      cells: await cellsOf(source.text, results),
      notes,
      provenance,
      stale: record === null ? null : staleness(provenance, record),
    };
    for (const line of report.stale ?? []) shop.stderr.write(`stale: ${visible(line)}\n`);
    return await write(report, request, shop);
  } finally {
    progress.clear();
    interrupts.stop();
  }
}

/** Results at the pieces of the script that they come from, also those that were saved, as far as their rows are at hand. */
async function cellsOf(text: string, results: readonly Result[]): Promise<Report["cells"]> {
  const cells: { readonly prose: string; readonly source: string; readonly outputs: Output[] }[] = [];
  for (const { prose, source, from, to } of piecesOf(text)) {
    const own = results.filter(({ at, display, value }) => at !== undefined && at.start >= from && at.start < to && (!display.quiet || atHand(value)));
    const outputs: Output[] = [];
    for (const result of own) outputs.push(await outputOf(result));
    cells.push({ prose, source, outputs });
  }
  return cells;
}

/** Whether a value that was saved is more than its columns: rows of a large file are written as they come. */
function atHand(value: Result["value"]): boolean {
  return value.kind !== "reduced" && rowCount(value) !== 0;
}

/** The record to compare with: the one named, else the one that a run of this script leaves beside its outputs. */
function recordOf(request: Export, source: Source, shop: Shop): string | null {
  if (request.against !== null) return resolve(shop.cwd, request.against);
  if (source.name === "stdin") return null;
  const beside = join(resolve(shop.cwd, shop.options.out ?? "."), `${basename(request.file).replace(/\.saeq$/, "")}.run.json`);
  return existsSync(beside) ? beside : null;
}

/** The files of a report, by what is added to its name: the text itself, and for Markdown its pictures. */
async function filesOf(report: Report, to: ExportFormat, stem: string | null): Promise<ReadonlyMap<string, string>> {
  switch (to) {
    case "html":
      return new Map([["", (await import("../export/html.ts")).htmlPage(report)]]);
    case "md":
      return markdownFiles(report, stem);
    case "ipynb":
      return new Map([["", (await import("../export/notebook.ts")).notebookText(report)]]);
    default:
      return to satisfies never;
  }
}

/** Pictures lie beside the text, since GitHub shows none that stand in it; in a text without a place they stand in it all the same. */
async function markdownFiles(report: Report, stem: string | null): Promise<ReadonlyMap<string, string>> {
  const { inText, markdownText } = await import("../export/markdown.ts");
  const files = new Map<string, string>();
  const text = markdownText(report, (svg, number) => {
    if (stem === null) return inText(svg, number);
    files.set(`-${number}.svg`, `${svg}\n`);
    return encodeURIComponent(`${stem}-${number}.svg`);
  });
  // The text last: what it names is there by then.
  return new Map([...files, ["", text]]);
}

/** `-o -` is stdout, null here; where no file is named, the script's own name with another ending, in the folder of outputs. */
function fileOf(request: Export, shop: Shop): string | null {
  const named = request.output ?? (request.file === "-" ? "-" : null);
  if (named === "-") return null;
  return named === null ? join(resolve(shop.cwd, shop.options.out ?? "."), `${basename(request.file).replace(/\.saeq$/, "")}.${request.to}`) : resolve(shop.cwd, named);
}

/** Whether a report can be written there, told before anything runs. */
async function placeable(file: string | null, shop: Shop): Promise<boolean> {
  try {
    if (file !== null) await checkPlace(file);
    return true;
  } catch (error) {
    return unwritten(error, shop);
  }
}

/** Say why a report could not be written. */
function unwritten(error: unknown, shop: Shop): false {
  sayDataError(shop, error);
  return false;
}

async function write(report: Report, request: Export, shop: Shop): Promise<number> {
  const file = fileOf(request, shop);
  if (file === null) {
    for (const text of (await filesOf(report, request.to, null)).values()) shop.stdout.write(text);
    return 0;
  }
  const stem = basename(file).replace(/\.[^.]*$/, "");
  try {
    for (const [more, text] of await filesOf(report, request.to, stem)) {
      const path = more === "" ? file : join(dirname(file), `${stem}${more}`);
      const { bytes } = await atomicWrite(path, [text]);
      if (!shop.options.quiet) shop.stderr.write(`${say({ kind: "saved", path, detail: `${bytes} bytes ${more === "" ? request.to : "svg"}` }, shop.talkLook)}\n`);
    }
    return 0;
  } catch (error) {
    unwritten(error, shop);
    return 1;
  }
}
