/** Without this file a script could not be tried inside a session. */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Command } from "./command.ts";
import { whyUnread } from "../why_unread.ts";
import { fileName } from "./file_name.ts";

export const load: Command = {
  name: ".load",
  usage: ".load FILE.saeq",
  doc: "run a script in this session",
  argument: { files: [".saeq"] },
  run(argument, { cwd }) {
    const name = fileName(argument);
    if (name === "") return { then: "mistake", text: "`.load` takes a script" };
    try {
      return { then: "run", name: basename(name), text: readFileSync(resolve(cwd, name), "utf8") };
    } catch (error) {
      return { then: "mistake", text: `could not read ${name}: ${whyUnread(error)}` };
    }
  },
};
