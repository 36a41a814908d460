/** Without this file people would have to remember what they have named. */
import type { Command } from "./command.ts";

export const ls: Command = {
  name: ".ls",
  usage: ".ls",
  doc: "names and results of this session",
  run(_argument, { session }) {
    const names = session.names();
    if (names.length === 0) return { then: "say", text: "nothing is named yet" };
    const width = Math.min(24, Math.max(...names.map(({ name }) => name.length)));
    return { then: "say", text: names.map(({ name, header }) => `${name.padEnd(width)}  ${header}`).join("\n") };
  },
};
