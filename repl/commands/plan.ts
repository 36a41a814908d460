/** Without this file people would have to type `| explain` behind a query to see what it costs. */
import type { Command } from "./command.ts";

export const plan: Command = {
  name: ".plan",
  usage: ".plan QUERY",
  doc: "plan and cost of a query, without running it",
  run(argument) {
    if (argument === "") return { then: "mistake", text: "`.plan` takes a query" };
    return { then: "run", name: "repl", text: `${argument} | explain` };
  },
};
