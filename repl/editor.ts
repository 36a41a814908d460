/** Without this file a long query could not be written in the editor of one's choice. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Open $VISUAL or $EDITOR on a text; the text as saved, or null when there is no editor or it failed. */
export async function editOutside(text: string): Promise<string | null> {
  const [program, ...args] = (process.env["VISUAL"] || process.env["EDITOR"] || "vi").split(/\s+/);
  if (program === undefined || program === "") return null;
  const folder = await mkdtemp(join(tmpdir(), "saeq-"));
  const file = join(folder, "query.saeq");
  try {
    await writeFile(file, text, { mode: 0o600 });
    const code = await new Promise<number>((done) => {
      const child = spawn(program, [...args, file], { stdio: "inherit" });
      child.on("error", () => done(1));
      child.on("exit", (status) => done(status ?? 1));
    });
    return code === 0 ? (await readFile(file, "utf8")).replace(/\n+$/, "") : null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
