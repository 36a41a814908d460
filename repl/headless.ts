/** Without this file scripts could only be watched, not piped: data on stdout, everything said for people on stderr. */
import type { Outcome, ProgressEvent, Session, SessionEvent, Source } from "../runtime/session/session_port.ts";
import { visible } from "../grammar/visible.ts";
import { counted } from "../runtime/counted.ts";
import { DataError } from "../runtime/data/error.ts";
import { heldError } from "../runtime/data/room.ts";
import type { Format } from "./request.ts";
import { watchInterrupts } from "./interrupts.ts";
import { liveProgress } from "./live_progress.ts";
import { createOutputQueue } from "./output_queue.ts";
import { showResult, showRows } from "./show.ts";
import { cancelled, say, sayBug, sayMistake } from "./talk.ts";
import type { Look } from "./terminal.ts";

/** Where a run writes and what it says. */
export interface Desk {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly dataLook: Look;
  readonly talkLook: Look;
  readonly format: Format;
  readonly quiet: boolean;
  readonly progress: boolean;
  /** CSV as the data has it: see `runtime/data/write.ts`. */
  readonly rawCsv?: boolean;
}

type Result = Extract<SessionEvent, { kind: "result" }>;

/** Run one source to its end; the exit code. */
export async function runHeadless(session: Session, source: Source, desk: Desk): Promise<number> {
  const abort = new AbortController();
  const progress = liveProgress(desk.stderr, desk.talkLook, desk.progress && !desk.quiet);
  const say1 = (text: string): void => {
    progress.clear();
    desk.stderr.write(`${text}\n`);
  };
  const interrupts = watchInterrupts({
    first: () => {
      say1("stopping after this batch; Ctrl-C again stops at once");
      abort.abort();
    },
    second: () => {
      session.killEngine();
      desk.stderr.write("stopped\n");
      process.exit(130);
    },
    hangUp: () => abort.abort(),
  });
  const output = createOutputQueue(abort.signal);
  let last: Result | null = null;
  const shown: Result[] = [];
  let done: ProgressEvent | null = null;
  const show = async (event: Result): Promise<void> => {
    const text = await showResult(event, { mode: desk.format, rows: event.display.rows, wide: event.display.wide }, desk.dataLook);
    progress.clear();
    desk.stdout.write(`${text}\n`);
  };
  const onEvent = (event: SessionEvent): void => {
    if (event.kind === "progress") {
      done = event;
      progress.show(event);
    } else if (event.kind === "result") {
      if (event.last || last?.last !== true) last = event;
      if (!event.display.quiet) shown.push(event);
      if (desk.format === "table" && !event.display.quiet) output.addResult(() => show(event));
    } else if (!isChatter(event) || !desk.quiet) output.add(() => say1(say(event, desk.talkLook)));
  };

  let outcome: Outcome;
  try {
    outcome = await session.run(source, { signal: abort.signal, onEvent });
    const unseen = await output.done();
    if (unseen > 0) {
      say1(say({ kind: "notice", text: `${counted(unseen, "more result")} not printed` }, desk.talkLook));
      outcome = { ...outcome, exitCode: 130, cancelled: true };
    }
    const left = desk.format === "table" || desk.quiet ? 0 : shown.filter((event) => event !== last).length;
    if (left > 0 && outcome.exitCode === 0) say1(say({ kind: "notice", text: `${counted(left, "earlier result")} not printed: --format ${desk.format} prints the last one; \`save\` writes the others` }, desk.talkLook));
    if (desk.format !== "table" && outcome.exitCode === 0) await showRows(last === null ? null : (last as Result).value, desk.format, desk.stdout, { raw: desk.rawCsv === true });
  } catch (error) {
    const known = error instanceof DataError ? error : heldError(error);
    say1(known === null ? sayBug(error, desk.talkLook) : sayMistake(visible(known.help === null ? known.message : `${known.message}; ${known.help}`), desk.talkLook));
    return 1;
  } finally {
    progress.clear();
    interrupts.stop();
  }
  if (outcome.cancelled && outcome.diagnostics.every(({ code }) => code !== "cancelled")) desk.stderr.write(`${cancelled(done)}\n`);
  return interrupts.hungUp() ? 143 : outcome.exitCode;
}

/** Whether `--quiet` silences an event: notes and times, but never a mistake. */
function isChatter(event: SessionEvent): boolean {
  if (event.kind === "diagnostic") return event.diagnostic.severity !== "error" && event.diagnostic.code !== "cancelled";
  if (event.kind === "finished") return true;
  return event.kind === "notice" || event.kind === "saved";
}

