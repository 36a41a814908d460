/** Without this file lines that were typed or pasted ahead could not be counted and left, and the rest of a paste would run after Ctrl-C. */
import type { Interface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Lines in the order in which they came. */
export interface TypedLines extends AsyncIterable<string> {
  /** Leave those that wait; how many they were. */
  leave(): number;
}

/** Listens from now on: what comes early waits. */
export function typedLines(lines: Interface): TypedLines {
  let waiting: string[] = [];
  let next = 0;
  let closed = false;
  let wake: () => void = () => {};
  lines.on("line", (line) => {
    waiting.push(line);
    wake();
  });
  lines.once("close", () => {
    closed = true;
    wake();
  });
  return {
    leave: () => {
      const left = waiting.length - next;
      [waiting, next] = [[], 0];
      return left;
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        // Between two lines signals and keys have their turn.
        await nextTurn();
        if (next > 0 && next >= waiting.length) [waiting, next] = [[], 0];
        const line = waiting[next];
        if (line !== undefined) {
          next++;
          yield line;
        } else if (closed) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
