/** Without this file each terminal test would start saeq in an environment of its own making. */
import { ownProgram, SAEQ } from "../house/program.ts";
import { startTerminal, type Terminal } from "./terminal.ts";

/** saeq over a session without models, for what a real one does too quickly or too seldom to be watched. */
export const FAKE: string = ownProgram("test/repl/fake_saeq.ts");

export interface Start {
  readonly program?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
}

/** The environment of a person at a terminal, whatever runs the tests: nothing of it says CI, NO_COLOR or another TERM. */
export function environment(folder: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_STATE_HOME: folder, SAEQ_CACHE: "off", TERM: "xterm-256color", LANG: "C.UTF-8", CI: "false", ...more };
}

const started = new Set<Terminal>();

/** saeq on a terminal, on the CPU, as a graphics card would give other results; the prompt need not be there yet. */
export function startSaeq(folder: string, start: Start = {}): Terminal {
  const { program = SAEQ, args = [], ...rest } = start;
  return startProgram(folder, process.execPath, [program, "--ep", "cpu", ...args], rest);
}

/** Another program on a terminal of the same kind. */
export function startProgram(folder: string, program: string, args: readonly string[], start: Omit<Start, "program" | "args"> = {}): Terminal {
  const { env = {}, columns = 80, rows = 24, cwd = folder } = start;
  const terminal = startTerminal(program, args, { columns, rows, cwd, env: environment(folder, env) });
  started.add(terminal);
  return terminal;
}

/** End all that still runs: what a failed test left would keep the tests from ending. */
export async function closeAll(): Promise<void> {
  await Promise.all([...started].map((terminal) => terminal.close()));
  started.clear();
}

/** Type statements, each once the one before is on its way: many in one piece would be a paste. */
export async function enter(terminal: Terminal, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    terminal.type(statement);
    await terminal.until((screen) => live(screen)[0]?.startsWith(`saeq› ${statement}`) === true, statement);
    terminal.type("\r");
    await terminal.until((screen) => live(screen)[0]?.startsWith(`saeq› ${statement}`) !== true, `${statement}, entered`);
  }
}

/** Where the last prompt stands; -1 where there is none. */
export function promptRow(screen: readonly string[]): number {
  return screen.findLastIndex((row) => /^(saeq[›>]|history:|[›>])/.test(row));
}

/** The rows from the last prompt to the last row that holds something: what is being typed and what hangs below it. */
export function live(screen: readonly string[]): readonly string[] {
  const first = promptRow(screen);
  return first < 0 ? [] : screen.slice(first, screen.findLastIndex((row) => row !== "") + 1);
}

/** Keys as terminals send them. */
export const key = {
  enter: "\r", tab: "\t", shiftTab: "\x1b[Z", escape: "\x1b", backspace: "\x7f", delete: "\x1b[3~",
  up: "\x1b[A", down: "\x1b[B", right: "\x1b[C", left: "\x1b[D", home: "\x1b[H", end: "\x1b[F",
  altEnter: "\x1b\r", altLeft: "\x1b[1;3D", altRight: "\x1b[1;3C", altB: "\x1bb", altD: "\x1bd", altF: "\x1bf", altY: "\x1by", altZ: "\x1bz", altH: "\x1bh",
  ctrl: (letter: string): string => String.fromCharCode(letter.charCodeAt(0) & 31),
} as const;
