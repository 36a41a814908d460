/** Without this file colours chosen for a dark window would be unreadable on a light one. */
import { setTheme, themes } from "../terminal.ts";
import type { Command } from "./command.ts";

export const theme: Command = {
  name: ".theme",
  usage: `.theme ${themes.join("|")}`,
  doc: "colours for a dark or a light background",
  argument: { words: themes },
  run(argument, { look }) {
    const chosen = themes.find((one) => one === argument);
    if (chosen === undefined) return { then: "mistake", text: `themes: ${themes.join(", ")}` };
    setTheme(chosen);
    return { then: "say", text: look.color ? `colours for a ${chosen} background` : `colours for a ${chosen} background, where there are colours` };
  },
};
