/** Without this file every missing permission would end a run, though somebody sits there who could grant it. */
import { existsSync, statSync } from "node:fs";
import type { Needs } from "../runtime/permissions/grants.ts";
import { clip } from "./graphemes.ts";
import { describeNeeds } from "./permissions.ts";

/** The terminal a question is asked on. */
export interface Asker {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WritableStream;
}

export type Answer = "once" | "save" | "no";

/** A wall of names is no question anybody reads. */
const LONGEST = 10_240;

/**
 * Ask once for everything; only `y` and `s` grant. What was typed before the question was there does not answer it. `project` is the file that
 * `s` saves to; null: nothing can be saved. Every name is shown through `shown`.
 */
export async function ask(name: string, needs: Needs, cwd: string, asker: Asker, shown: (text: string) => string, project: string | null = null): Promise<Answer> {
  const rows = describeNeeds(needs, cwd, shown);
  const details = detailsOf(needs, shown);
  if (rows.join("").length > LONGEST) return "no";
  const key = keys(asker.stdin);
  const choices = `allow? [y] once  ${project === null ? "" : `[s] save to ${clip(shown(project), 80)}  `}[n] no  [d] details `;
  const said: Readonly<Record<Answer, string>> = { once: "yes", save: "saved", no: "no" };
  try {
    await key.flush();
    asker.stderr.write(`${clip(shown(name), 80)} wants to\n${rows.join("\n")}\n${choices}`);
    for (;;) {
      const typed = (await key.next()).toLowerCase();
      if (typed === "d") {
        asker.stderr.write(`details\n${clip(details.join("\n"), LONGEST)}\n`);
        await key.flush();
        asker.stderr.write(choices);
        continue;
      }
      const answer: Answer = typed === "y" ? "once" : typed === "s" && project !== null ? "save" : "no";
      asker.stderr.write(`${said[answer]}\n`);
      return answer;
    }
  } finally {
    key.close();
  }
}

/** Each path in full, as it is once links are followed, and what is there now. */
function detailsOf(needs: Needs, shown: (text: string) => string): string[] {
  const there = (path: string): string => {
    if (!existsSync(path)) return "nothing is there";
    const found = statSync(path);
    return found.isDirectory() ? "a folder" : `${found.size.toLocaleString("en-US")} bytes there now`;
  };
  return [
    ...needs.read.map((path) => `  read   ${clip(shown(path), 400)}  (${there(path)})`),
    ...needs.write.map((path) => `  write  ${clip(shown(path), 400)}  (${there(path)})`),
    ...(needs.net ?? []).map((host) => `  net    ${shown(host)}${host.startsWith(".") ? "  (every host below it: where the hub keeps large files)" : "  (asked for names, commits and files)"}`),
  ];
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
