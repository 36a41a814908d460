/** Without this file a program that is killed would leave its engine at work until its batch ends, and an engine that is stopped would be waited for without a word. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** How often a process that owes an answer is looked at: what is done by then needs no watch. */
const LOOK_MS = 500;
/** How long an answer is waited for before it is asked whether its process is stopped. */
const PATIENCE_MS = 3000;

export interface Watch {
  /** The process was asked or has answered. */
  heard(): void;
  /** It is gone, or will be: watch no more. Resolves when nothing of the watch is left. */
  end(): Promise<void>;
}

/**
 * Watch over an engine's process while it owes answers (`owes`). `onStill` is called again and again while it is stopped. From the first look on that
 * finds it at work, the process ends with this one, whatever ends this one: a call into native code hears of nothing.
 */
export function watchOver(pid: number | undefined, owes: () => boolean, onStill: () => void): Watch {
  let last = performance.now();
  let guard: ReturnType<typeof endWithThis> | null = null;
  const looks = setInterval(() => {
    if (pid === undefined || !owes()) return;
    guard ??= endWithThis(pid);
    if (performance.now() - last >= PATIENCE_MS && isStopped(pid)) onStill();
  }, LOOK_MS);
  looks.unref();
  return {
    heard: () => void (last = performance.now()),
    end: async () => {
      clearInterval(looks);
      pid = undefined;
      await guard?.();
    },
  };
}

/**
 * A shell that waits for the end of its input, which comes when this process ends in whatever way, and then ends the other one. Out of the terminal's
 * process group, so that no Ctrl-C ends it first. Where there is no shell, the engine goes on until its batch is done. Returns what ends the shell.
 */
function endWithThis(pid: number): () => Promise<void> {
  if (process.platform === "win32") return async () => {};
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$0"', String(pid)], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/", env: {} });
  const gone = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  shell.stdin.on("error", () => {});
  shell.unref();
  (shell.stdin as Socket).unref();
  return () => {
    shell.ref();
    shell.kill("SIGKILL");
    return gone;
  };
}

/** Whether somebody stopped a process (SIGSTOP, a debugger): what Linux tells of it; false elsewhere. */
function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the program's name in brackets, which may hold brackets itself.
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
