/** Without this file settings could be changed but not looked at. */
import type { Command } from "./command.ts";

export const set: Command = {
  name: ".set",
  usage: ".set [name [value]]",
  doc: "show settings, or change one as `set name value` does",
  run(argument, { session }) {
    const settings = Object.entries(session.settings());
    if (argument.includes(" ")) return { then: "run", name: "repl", text: `set ${argument}` };
    const shown = argument === "" ? settings : settings.filter(([name]) => name === argument);
    if (shown.length === 0) return { then: "mistake", text: argument === "" ? "no settings yet" : `no setting \`${argument}\`; there are: ${settings.map(([name]) => name).join(", ")}` };
    const width = Math.max(...shown.map(([name]) => name.length));
    return { then: "say", text: shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n") };
  },
};
