/** Without this file the REPL would only be tested on streams that swallow anything: a program on a real pseudoterminal behind a terminal emulator. */
import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

/** What is waited for: rows of the screen, or anything that can be said about it. */
export type Wanted = string | RegExp | ((screen: readonly string[]) => boolean);

export interface Terminal {
  /** Bytes as a keyboard or a program would send them. */
  type(bytes: string): void;
  /** Text in the marks of a bracketed paste, as terminals send it once it was asked for. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** The rows in the window, from the top, without blanks at their ends. */
  screen(): readonly string[];
  /** All rows, those above the window too. */
  everything(): readonly string[];
  /** Column and row of the cursor in the window, from 0. */
  cursor(): readonly [number, number];
  /** Close the terminal itself, as a lost connection does. */
  hangUp(): void;
  /** Resolves when the screen is as wanted; throws with the screen as it is when that has not come true in a long time. */
  until(wanted: Wanted, why?: string): Promise<readonly string[]>;
  /** Everything the program has written. */
  bytes(): string;
  /** Modes that the program has set and not yet put back. */
  leftOn(): readonly string[];
  readonly emulator: xterm.Terminal;
  readonly pid: number;
  readonly exit: Promise<{ readonly code: number; readonly signal: number }>;
  /** End what still runs. */
  close(): Promise<void>;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Far longer than anything takes on a loaded machine: only a condition that never comes true waits so long. */
const DEADLINE_MS = 30_000;
/** Modes a program must put back, by the sequence that sets and the one that clears them. */
const MODES: Readonly<Record<string, readonly [string, string]>> = {
  "hidden cursor": ["\x1b[?25l", "\x1b[?25h"],
  "bracketed paste": ["\x1b[?2004h", "\x1b[?2004l"],
  "alternate screen": ["\x1b[?1049h", "\x1b[?1049l"],
  "mouse": ["\x1b[?1000h", "\x1b[?1000l"],
  "focus events": ["\x1b[?1004h", "\x1b[?1004l"],
  "synchronized output": ["\x1b[?2026h", "\x1b[?2026l"],
};

/** Start a program on a terminal of its own. */
export function startTerminal(program: string, args: readonly string[], options: TerminalOptions): Terminal {
  const cols = options.columns ?? 80;
  const rows = options.rows ?? 24;
  const emulator = new xterm.Terminal({ cols, rows, scrollback: 5000, allowProposedApi: true });
  const child = spawn(program, [...args], { cols, rows, name: options.env["TERM"] ?? "xterm-256color", cwd: options.cwd, env: { ...options.env } });
  const waiting = new Set<() => void>();
  let bytes = "";
  let ended = false;
  let disposed = false;
  const look = (): void => {
    // A terminal shows nothing of a synchronized update before its end.
    if (emulator.modes.synchronizedOutputMode && !ended) return;
    for (const check of [...waiting]) check();
  };
  child.onData((text) => {
    bytes += text;
    // The callback comes when the emulator has drawn it; waiting for a later chunk as well would miss screens in between.
    emulator.write(text, look);
  });
  // Answers to questions of the program (cursor position, device attributes) go back as a terminal sends them.
  emulator.onData((answer) => {
    if (!ended) child.write(answer);
  });
  const exit = new Promise<{ code: number; signal: number }>((done) => {
    child.onExit(({ exitCode, signal }) => {
      ended = true;
      emulator.write("", () => {
        look();
        done({ code: exitCode, signal: signal ?? 0 });
      });
    });
  });

  const lines = (from: number, count: number): readonly string[] =>
    Array.from({ length: count }, (_, y) => emulator.buffer.active.getLine(from + y)?.translateToString(true).trimEnd() ?? "");
  const screen = (): readonly string[] => lines(emulator.buffer.active.baseY, emulator.rows);

  return {
    emulator,
    pid: child.pid,
    exit,
    type: (text) => child.write(text),
    paste: (text) => child.write(`\x1b[200~${text}\x1b[201~`),
    resize(columns, height) {
      emulator.resize(columns, height);
      child.resize(columns, height);
    },
    // A signal alone would leave a terminal to write to.
    hangUp: () => (child as typeof child & { destroy(): void }).destroy(),
    screen,
    everything: () => lines(0, emulator.buffer.active.baseY + emulator.rows),
    cursor: () => [emulator.buffer.active.cursorX, emulator.buffer.active.cursorY],
    until(wanted, why = String(wanted)) {
      const holds = (): boolean => {
        const now = screen();
        return typeof wanted === "function" ? wanted(now) : typeof wanted === "string" ? now.join("\n").includes(wanted) : wanted.test(now.join("\n"));
      };
      return new Promise((done, fail) => {
        const stop = (): void => {
          waiting.delete(check);
          clearTimeout(timer);
        };
        const timer = setTimeout(() => {
          stop();
          fail(new Error(`never saw ${why}${ended ? " (the program has ended)" : ""} in:\n${drawn(screen())}`));
        }, DEADLINE_MS);
        const check = (): void => {
          if (holds()) {
            stop();
            done(screen());
          } else if (ended) {
            stop();
            fail(new Error(`the program ended before ${why}:\n${drawn(screen())}`));
          }
        };
        waiting.add(check);
        look();
      });
    },
    bytes: () => bytes,
    leftOn: () => Object.entries(MODES).filter(([, [on, off]]) => bytes.lastIndexOf(on) > bytes.lastIndexOf(off)).map(([name]) => name),
    async close() {
      if (!ended) child.kill("SIGKILL");
      await exit;
      if (!disposed) emulator.dispose();
      disposed = true;
    },
  };
}

/** A screen in a frame, for messages. */
function drawn(screen: readonly string[]): string {
  return screen.map((row) => `│${row}`).join("\n");
}
