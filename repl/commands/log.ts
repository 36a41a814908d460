/** Without this file a session would be gone when its window closes. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "./command.ts";
import { fileName } from "./file_name.ts";

export const log: Command = {
  name: ".log",
  usage: ".log FILE|off",
  doc: "write what is typed and shown from now on to a text file",
  argument: { files: [".txt", ".log"] },
  run(argument, { cwd }) {
    const name = fileName(argument);
    if (name === "") return { then: "mistake", text: "`.log` takes a file name, such as session.txt, or `off`" };
    if (name === "off") return { then: "log", file: null };
    const file = resolve(cwd, name);
    return existsSync(file) ? { then: "mistake", text: `${name} exists already; choose another name` } : { then: "log", file };
  },
};
