/** Without this file every command of these tests would start a process of its own, which takes longer than what it does. */
import { PassThrough } from "node:stream";
import { parseArguments } from "../../repl/arguments.ts";
import { perform } from "../../repl/main.ts";
import type { Shop } from "../../repl/subcommands/shop.ts";
import { look } from "../../repl/terminal.ts";
import { createSession } from "../../runtime/session/session.ts";
import type { Said } from "../tools/saeq.ts";

/** saeq in a folder, without a process of its own; on the CPU, as a graphics card would give other results. */
export function saeq(args: readonly string[], { cwd }: { readonly cwd: string }): Promise<Said> {
  return inProcess(args, cwd, perform);
}

/** The same with another hand that does what is asked. */
export async function inProcess(args: readonly string[], cwd: string, hand: typeof perform): Promise<Said> {
  const argv = ["--ep", "cpu", "--no-cache", ...args];
  const request = parseArguments(argv, { version: "1.2.3", piped: true });
  if (request.kind === "say") return request.exitCode === 0 ? { stdout: request.text, stderr: "", status: 0 } : { stdout: "", stderr: request.text, status: request.exitCode };
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const said = { stdout: "", stderr: "" };
  streams.stdout.on("data", (text) => (said.stdout += String(text)));
  streams.stderr.on("data", (text) => (said.stderr += String(text)));
  streams.stdin.end();
  const plain = look({}, {}, { color: "never", ascii: false });
  const status = await hand(request, { argv, cwd, options: request.options, ...streams, dataLook: plain, talkLook: plain, createSession } as unknown as Shop);
  await new Promise((done) => setImmediate(done));
  return { ...said, status };
}
