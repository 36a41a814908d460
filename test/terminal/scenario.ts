/** Without this file each scenario would be a page of waiting: what is typed, beside what must then be on screen. */
import { live, promptRow } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

/** A row as it is, or what it must look like where the words are not the scenario's matter. */
export type Row = string | RegExp;

/** Input, the rows from the prompt on that it must lead to, and where the cursor then stands in them (column, row). */
export type Step = readonly [input: string, rows: readonly Row[], cursor?: readonly [number, number]];

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

/** Wait until these rows stand at the prompt, with the cursor there. Further rows may hang below where they are advice, but no text of the person's own. */
export async function shows(terminal: Terminal, rows: readonly Row[], cursor?: readonly [number, number], after = "that"): Promise<void> {
  const place = cursor === undefined ? "" : ` and the cursor at ${cursor.join(",")}`;
  await terminal.until(
    (screen) => {
      const found = live(screen);
      if (!rows.every((row, i) => (typeof row === "string" ? found[i] === row : row.test(found[i] ?? "")))) return false;
      if (!found.slice(rows.length).every((row) => /^[ ▸>] (?! {2}[·.])/.test(row))) return false;
      if (cursor === undefined) return true;
      const [x, y] = terminal.cursor();
      return x === cursor[0] && y - promptRow(screen) === cursor[1];
    },
    `after ${after}:\n${rows.map((row) => `│${row}`).join("\n")}\n${place}`,
  );
}

/** Back to an empty prompt, whatever was open: Ctrl-C closes, then clears, then only gives advice. */
export async function clear(terminal: Terminal): Promise<void> {
  terminal.type("\x03\x03\x03");
  await terminal.until((screen) => live(screen)[1] === "  Ctrl-D or .quit leaves", "an empty prompt");
}
