/** Without this file a long query could not be written in the editor of one's choice. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, systemCode } from "../runtime/data/error.ts";
import { makeTemporaryFolder } from "../runtime/data/temporary_folder.ts";

/** A text as the editor left it, or why there is none, in words. */
export type Edited = { readonly text: string } | { readonly why: string };

/** Open $VISUAL or $EDITOR on a text. Never throws for a fault of the outside. */
export async function editOutside(text: string): Promise<Edited> {
  try {
    return await edited(text);
  } catch (error) {
    if (systemCode(error) === null && !(error instanceof DataError)) throw error;
    return { why: `the text could not be handed to an editor (${(error as Error).message})` };
  }
}

async function edited(text: string): Promise<Edited> {
  const [program, ...args] = (process.env["VISUAL"] || process.env["EDITOR"] || "vi").split(/\s+/);
  if (program === undefined || program === "") return { why: "EDITOR names no program" };
  const { folder, remove } = makeTemporaryFolder("edit");
  const file = join(folder, "query.saeq");
  try {
    await writeFile(file, text, { mode: 0o600 });
    const failed = await new Promise<string | null>((done) => {
      const child = spawn(program, [...args, file], { stdio: "inherit" });
      child.on("error", () => done("could not be started; set EDITOR to one that is here"));
      child.on("exit", (status, signal) => done(status === 0 ? null : `ended with ${status === null ? signal : `exit code ${status}`}; the line is as it was`));
    });
    return failed === null ? { text: (await readFile(file, "utf8")).replace(/\n+$/, "") } : { why: `${program} ${failed}` };
  } finally {
    remove();
  }
}
