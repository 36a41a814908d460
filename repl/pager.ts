/** Without this file a long result could be seen only by printing all of it. */
import { spawn } from "node:child_process";

/** Chop long lines, keep colours, leave at once what fits, and leave the screen as it was. */
const LESS = ["-SRFX"];

/** The pagers to try, in order: the user's own, then those that most systems have. */
export function pagers(env: Readonly<Record<string, string | undefined>>): readonly (readonly string[])[] {
  const own = (env["SAEQ_PAGER"] || env["PAGER"] || "").split(/\s+/).filter((word) => word !== "");
  const [program] = own;
  const mine = program === undefined ? [] : [own.length === 1 && /(^|\/)less$/.test(program) ? [program, ...LESS] : own];
  return [...mine, ["less", ...LESS], ["more"]];
}

/** Show a text in the first pager that can be started; false when there is none. Ends when the user leaves it. */
export async function pageOutside(text: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<boolean> {
  for (const [program = "", ...args] of pagers(env)) if (await page(program, args, text)) return true;
  return false;
}

function page(program: string, args: readonly string[], text: string): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ["pipe", "inherit", "inherit"] });
    child.on("error", () => done(false));
    child.on("exit", () => done(true));
    // Who leaves a pager early closes its pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${text}\n`);
  });
}
