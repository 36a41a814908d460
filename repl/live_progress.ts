/** Without this file a long run would look dead: one line that repaints itself on a terminal, one line every ten seconds in a log. */
import { visible } from "../grammar/visible.ts";
import type { ProgressEvent } from "../runtime/session/session_port.ts";
import { progressLine, QUIET_MS } from "./progress.ts";
import type { Look } from "./terminal.ts";

export interface LiveProgress {
  show(event: ProgressEvent): void;
  /** Take the live line off the screen before something else is written. */
  clear(): void;
}

const REPAINT_MS = 100;
const LOG_MS = 10_000;

/** Progress on one stream; silent where it is not wanted. */
export function liveProgress(stream: NodeJS.WritableStream, look: Look, wanted: boolean): LiveProgress {
  let painted = false;
  let last = Date.now();
  const clear = (): void => {
    if (painted) stream.write("\r\x1b[K");
    painted = false;
  };
  return {
    clear,
    show(event) {
      const now = Date.now();
      if (!wanted || event.elapsedMs < QUIET_MS) return;
      if (!look.tty) {
        if (now - last < LOG_MS) return;
        last = now;
        stream.write(`${progressLine(event, 200, look.ascii, visible)}\n`);
        return;
      }
      if (now - last < REPAINT_MS && painted) return;
      last = now;
      // The window may have been resized since: its width is asked each time, and the last column stays free.
      const columns = "columns" in stream && typeof stream.columns === "number" ? stream.columns : look.width;
      stream.write(`\r${progressLine(event, columns - 1, look.ascii, visible)}\x1b[K`);
      painted = true;
    },
  };
}
