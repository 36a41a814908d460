/** Without this file each scenario would be a page of waiting: what is typed, beside what must then be on screen. */
import { live } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

/** Input, the rows from the prompt on that it must lead to, and where the cursor then stands in them (column, row). */
export type Step = readonly [input: string, rows: readonly string[], cursor?: readonly [number, number]];

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Play steps one after another: each is typed only when the screen of the one before is there. */
export async function play(terminal: Terminal, steps: readonly Step[]): Promise<void> {
  for (const [input, rows, cursor] of steps) {
    terminal.type(input);
    await shows(terminal, rows, cursor, JSON.stringify(input).slice(0, 60));
  }
}

/** Wait until exactly these rows hang at the prompt, with the cursor there. */
export async function shows(terminal: Terminal, rows: readonly string[], cursor?: readonly [number, number], after = "that"): Promise<void> {
  const place = cursor === undefined ? "" : ` and the cursor at ${cursor.join(",")}`;
  await terminal.until(
    (screen) => {
      const found = live(screen);
      if (found.length !== rows.length || found.some((row, i) => row !== rows[i])) return false;
      if (cursor === undefined) return true;
      const top = screen.findLastIndex((row) => row !== "") - rows.length + 1;
      const [x, y] = terminal.cursor();
      return x === cursor[0] && y - top === cursor[1];
    },
    `after ${after}:\n${rows.map((row) => `│${row}`).join("\n")}\n${place}`,
  );
}

/** Back to an empty prompt, whatever was open: Ctrl-C closes, then clears, then only gives advice. */
export async function clear(terminal: Terminal): Promise<void> {
  terminal.type("\x03\x03\x03");
  await terminal.until((screen) => live(screen)[1] === "  Ctrl-D or .quit leaves", "an empty prompt");
}
