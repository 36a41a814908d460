/** Without this file a script from somebody else could read and write what it likes. */
import { basename, isAbsolute, relative, resolve } from "node:path";
import type { Grants, Needs } from "../runtime/session_port.ts";
import { clip } from "./graphemes.ts";

/** Grants for a script: what the flags say, and the script itself. What ships with saeq the session lets everyone read. */
export function scriptGrants(flags: Grants, script: string | null): Grants {
  const always = script === null ? [] : [resolve(script)];
  return { read: flags.read === true ? true : [...flags.read.map((path) => resolve(path)), ...always], write: flags.write === true ? true : flags.write.map((path) => resolve(path)), net: flags.net ?? [] };
}

/** The same grants with more paths. */
export function withGrants(grants: Grants, more: Needs): Grants {
  return { read: grants.read === true ? true : [...grants.read, ...more.read], write: grants.write === true ? true : [...grants.write, ...more.write], net: grants.net === true ? true : [...(grants.net ?? []), ...(more.net ?? [])] };
}

export function isEmpty(needs: Needs): boolean {
  return needs.read.length === 0 && needs.write.length === 0 && (needs.net ?? []).length === 0;
}

/** The flags that grant exactly these paths. */
export function grantFlags(needs: Needs, cwd: string): string[] {
  const flag = (kind: string, paths: readonly string[]): string[] =>
    paths.length === 0 ? [] : [`--allow-${kind}=${paths.map((path) => near(path, cwd).replaceAll(",", ",,")).join(",")}`];
  return [...flag("read", needs.read), ...flag("write", needs.write), ...(needs.net === undefined ? [] : [`--allow-net=${needs.net.join(",")}`])];
}

/** The command line that was typed, with the missing flags added, ready to paste into a shell. */
export function commandWithGrants(argv: readonly string[], needs: Needs, cwd: string): string {
  const at = argv.findIndex((word) => word === "run" || word === "verify") + 1;
  return ["saeq", ...argv.slice(0, at), ...grantFlags(needs, cwd), ...argv.slice(at)].map(shellQuote).join(" ");
}

/** What a script wants, one line for each kind; `shown` makes names safe to print. */
export function describeNeeds(needs: Needs, cwd: string, shown: (text: string) => string): string[] {
  const row = (kind: string, paths: readonly string[]): string[] =>
    paths.length === 0 ? [] : [`  ${kind.padEnd(6)}${paths.map((path) => clip(shown(near(path, cwd)), 120)).join(", ")}`];
  return [...row("read", needs.read), ...row("write", needs.write), ...(needs.net === undefined ? [] : [`  ${"net".padEnd(6)}${needs.net.map(shown).join(", ")} (models and SAEs of the hub, and the hosts it names for large files)`])];
}

/** The terminal a question is asked on. */
export interface Asker {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Ask once for everything; only `y` grants. What was typed before the question was there does not answer it. */
export async function ask(name: string, needs: Needs, cwd: string, asker: Asker, shown: (text: string) => string): Promise<boolean> {
  const rows = describeNeeds(needs, cwd, shown);
  // A wall of names is no question anybody reads.
  if (rows.join("").length > 10_240) return false;
  const key = keys(asker.stdin);
  try {
    await key.flush();
    asker.stderr.write(`${clip(shown(name), 80)} wants to\n${rows.join("\n")}\nallow? [y] yes  [n] no `);
    const answer = await key.next();
    const yes = answer === "y" || answer === "Y";
    asker.stderr.write(`${yes ? "yes" : "no"}\n`);
    return yes;
  } finally {
    key.close();
  }
}

function keys(stdin: NodeJS.ReadStream): { flush(): Promise<void>; next(): Promise<string>; close(): void } {
  const raw = stdin.isRaw === true;
  stdin.setRawMode?.(true);
  stdin.resume();
  return {
    async flush() {
      const drop = (): void => undefined;
      stdin.on("data", drop);
      await new Promise((done) => setTimeout(done, 80));
      stdin.off("data", drop);
    },
    next: () =>
      new Promise((done) => {
        stdin.once("data", (chunk: Buffer) => done(chunk.toString("utf8")));
        stdin.once("end", () => done(""));
      }),
    close() {
      stdin.setRawMode?.(raw);
      stdin.pause();
    },
  };
}

function near(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  if (inside === "") return ".";
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}

function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The name a script goes by in messages. */
export function scriptName(file: string): string {
  return file === "-" ? "stdin" : basename(file);
}
