/** Without this file play could not become a script that others can run. */
import { randomBytes } from "node:crypto";
import { existsSync, fsyncSync, openSync, closeSync, renameSync, rmSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { toScript } from "../journal.ts";
import type { Command } from "./command.ts";

export const save: Command = {
  name: ".save",
  usage: ".save FILE.saeq",
  doc: "write what succeeded as a script",
  run(argument, { journal, settings, cwd }) {
    const name = argument.replace(/^(["'])(.*)\1$/, "$2");
    if (name === "") return { then: "mistake", text: "`.save` takes a file name, such as session.saeq" };
    if (!name.endsWith(".saeq")) return { then: "mistake", text: `scripts end in .saeq: .save ${name}.saeq` };
    if (journal.length === 0) return { then: "mistake", text: "nothing has succeeded yet" };
    const file = resolve(cwd, name);
    if (existsSync(file)) return { then: "mistake", text: `${name} exists already; choose another name` };
    const draft = `${file}.${randomBytes(4).toString("hex")}.tmp`;
    try {
      const handle = openSync(draft, "wx");
      writeSync(handle, toScript(journal, settings));
      fsyncSync(handle);
      closeSync(handle);
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      return { then: "mistake", text: `could not write ${name}: ${error instanceof Error ? error.message : String(error)}` };
    }
    return { then: "say", text: `saved ${name}; run it with: saeq run ${name}` };
  },
};
