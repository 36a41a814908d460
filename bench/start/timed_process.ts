/** Without this file the time from starting a program to its last line would be measured in two ways. */
import { spawn } from "node:child_process";

export interface Ended {
  readonly seconds: number;
  readonly stdout: string;
}

/** Run a program to its end. Throws with what it said where it fails. */
export function timed(program: string, args: readonly string[], options: { readonly cwd?: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Ended> {
  const began = performance.now();
  // No look-ups on the hub: all files are local, and a slow network would count against the peer.
  const env = { ...process.env, HF_HUB_OFFLINE: "1", ...options.env };
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"], ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve({ seconds: (performance.now() - began) / 1000, stdout });
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}\n${stderr.slice(-4000)}`));
    });
  });
}
