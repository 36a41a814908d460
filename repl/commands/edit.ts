/** Without this file a long query would have to be typed again to change a word of it. */
import type { Command } from "./command.ts";

export const edit: Command = {
  name: ".edit",
  usage: ".edit [N]",
  doc: "open the last query, or that of result N, in $VISUAL or $EDITOR; what is saved comes back to the line",
  run(argument, { journal }) {
    if (journal.length === 0) return { then: "mistake", text: "nothing has succeeded yet; Ctrl-O opens the line being typed" };
    if (argument === "") return { then: "edit", text: journal.at(-1)!.text };
    const number = Number(argument.replace(/^_/, ""));
    const entry = journal.find(({ ran }) => ran.some(({ result }) => result > 0 && result === number));
    return entry === undefined ? { then: "mistake", text: `there is no result ${argument}; \`.ls\` lists them` } : { then: "edit", text: entry.text };
  },
};
