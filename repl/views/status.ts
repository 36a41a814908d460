/** Without this file a running query would look like a dead one: the progress line, the queue and the advice. */
import { visible } from "../../grammar/visible.ts";
import { clip } from "../graphemes.ts";
import { duration, progressLine, QUIET_MS } from "../progress.ts";
import type { State } from "../state.ts";
import { paint, type Look } from "../terminal.ts";

/** More stages than this never run at once for long. */
const MOST_STAGES = 4;

/** The rows above the prompt while something runs; none in its first moments. */
export function statusRows(state: State, look: Look): readonly string[] {
  const { running } = state;
  if (running === null) return [];
  const width = look.width - 1;
  const more = look.ascii ? "~" : "…";
  const rows: string[] = [];
  const slow = running.progress.filter((event) => event.elapsedMs > QUIET_MS);
  for (const event of slow.slice(-MOST_STAGES)) rows.push(progressLine(event, width, look.ascii, visible));
  if (slow.length === 0 && running.now - running.since > QUIET_MS) rows.push(`running ${look.ascii ? "-" : "·"} ${duration(running.now - running.since)}`);
  if (running.stopping !== null) rows.push(paint("warning", clip("stopping after this batch; Ctrl-C again kills the engine", width, more), look.color));
  if (state.queue.length > 0) rows.push(paint("faint", clip(`next: ${visible(state.queue[0] ?? "")}${state.queue.length > 1 ? ` (+${state.queue.length - 1})` : ""}`, width, more), look.color));
  return rows;
}

/** One line of advice, where there is any. */
export function hintRows(hint: string | null, look: Look): readonly string[] {
  return hint === null ? [] : [paint("faint", clip(`  ${hint}`, look.width - 1, look.ascii ? "~" : "…"), look.color)];
}
