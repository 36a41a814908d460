/** Without this file a newcomer would not find the other commands. */
import type { Command } from "./command.ts";

const opening = [
  "Type a query and press Enter:  sample perfect 10 | acts layer 7 | top 10",
  "`| top 5` goes on from the last result; `_3` is result 3. `?word` explains a stage, setting or error code.",
  "`.open FILE` looks at your own data; `.save FILE.saeq` leaves with a script that gives the same results.",
  "Tab completes, F1 helps, Up recalls, Ctrl-R searches, Alt-Enter adds a line, Ctrl-O edits, Ctrl-C cancels, Ctrl-D leaves.",
];

export const help: Command = {
  name: ".help",
  usage: ".help [word]",
  doc: "this list, or help for one word",
  run(argument, { session, commands }) {
    if (argument !== "") {
      const command = commands.find((one) => one.name === (argument.startsWith(".") ? argument : `.${argument}`));
      const text = session.help(argument) ?? (command === undefined ? null : `${command.usage}\n${command.doc}`);
      return text === null ? { then: "mistake", text: `no help for \`${argument}\`` } : { then: "say", text };
    }
    const width = Math.max(...commands.map((command) => command.usage.length));
    return { then: "say", text: [...opening, "", ...commands.map((command) => `  ${command.usage.padEnd(width)}  ${command.doc}`)].join("\n") };
  },
};
