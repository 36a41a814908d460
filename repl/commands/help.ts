/** Without this file a newcomer would not find the other commands. */
import { wrapped } from "../../grammar/width.ts";
import type { Command } from "./command.ts";

const opening = [
  "Type a query and press Enter:  sample perfect 10 | acts layer 7 | top 10",
  "`| top 5` goes on from the last result; `_3` is result 3. `?word` explains a stage, setting or error code.",
  "`.open FILE` looks at your own data; `.save FILE.saeq` leaves with a script that gives the same results.",
];

/** How keys are told, on a screen that is drawn and where the terminal does the editing. */
const KEYS = {
  drawn: "Tab completes, F1 helps, Up recalls, Ctrl-R searches, Alt-Enter adds a line, Ctrl-O edits, Ctrl-C cancels, Ctrl-D leaves.",
  plain: "Tab and Enter list what may follow, and a number picks from it; a line that is not complete goes on in the next; Ctrl-C cancels, Ctrl-D leaves.",
};

export const help: Command = {
  name: ".help",
  usage: ".help [word]",
  doc: "this list, or help for one word",
  run(argument, { session, commands, look, view }) {
    if (argument !== "") {
      const command = commands.find((one) => one.name === (argument.startsWith(".") ? argument : `.${argument}`));
      const text = session.help(argument) ?? (command === undefined ? null : `${command.usage}\n${command.doc}`);
      return text === null ? { then: "mistake", text: `no help for \`${argument}\`` } : { then: "say", text };
    }
    return { then: "say", text: [...[...opening, view.spoken === true ? KEYS.plain : KEYS.drawn].flatMap((line) => wrapped(line, look.width)), "", ...commands.flatMap((command) => entry(command, commands, look.width))].join("\n") };
  },
};

/** Usage and description side by side where there is room for both, else one below the other. */
function entry({ usage, doc }: Command, commands: readonly Command[], width: number): readonly string[] {
  const column = Math.max(...commands.map((command) => command.usage.length));
  const room = width - column - 4;
  if (room < 24) return [`  ${usage}`, ...wrapped(doc, Math.max(12, width - 6)).map((line) => `      ${line}`)];
  return wrapped(doc, room).map((line, i) => `  ${(i === 0 ? usage : "").padEnd(column)}  ${line}`);
}
