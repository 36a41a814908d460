/** Without this file results could be shown in one way only: `.mode`, `.rows`, `.wide` and `.time`. */
import { formats } from "../request.ts";
import type { Command } from "./command.ts";

export const mode: Command = {
  name: ".mode",
  usage: `.mode ${formats.join("|")}`,
  doc: "how results are printed",
  argument: { words: formats },
  run(argument, { view }) {
    const mode = formats.find((name) => name === argument);
    if (mode === undefined) return { then: "mistake", text: `modes: ${formats.join(", ")} (now ${view.mode})` };
    return { then: "view", view: { ...view, mode }, text: `results are printed as ${mode}` };
  },
};

export const rows: Command = {
  name: ".rows",
  usage: ".rows N|all",
  doc: "rows of a table that are printed",
  run(argument, { view }) {
    if (argument === "all") return { then: "view", view: { ...view, rows: Number.MAX_SAFE_INTEGER }, text: "all rows are printed" };
    if (!/^[1-9]\d{0,8}$/.test(argument)) return { then: "mistake", text: "`.rows` takes a whole number above 0, or `all`" };
    return { then: "view", view: { ...view, rows: Number(argument) }, text: `${argument} rows are printed` };
  },
};

export const wide: Command = {
  name: ".wide",
  usage: ".wide",
  doc: "print all columns, or only those that fit",
  run: (_argument, { view }) => ({ then: "view", view: { ...view, wide: !view.wide }, text: view.wide ? "columns that do not fit are left out" : "all columns are printed" }),
};

export const time: Command = {
  name: ".time",
  usage: ".time",
  doc: "say how long each query took",
  run: (_argument, { view }) => ({ then: "view", view: { ...view, time: !view.time }, text: view.time ? "times are not shown" : "times are shown" }),
};
