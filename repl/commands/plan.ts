/** Without this file people would have to type `| explain` behind a query to see what it costs. */
import { parse } from "../../grammar/parse.ts";
import { explaining } from "../explaining.ts";
import type { Command } from "./command.ts";

export const plan: Command = {
  name: ".plan",
  usage: ".plan QUERY",
  doc: "plan and cost of a query, without running it",
  run(argument) {
    const { script, diagnostics } = parse(argument);
    const [query, ...more] = script.statements;
    // What cannot be read is told as it is for a query.
    if (diagnostics.some(({ severity }) => severity === "error")) return { then: "run", name: "repl", text: argument };
    if (query?.kind !== "pipelineStatement" || more.length > 0) return { then: "mistake", text: query === undefined ? "`.plan` takes a query" : "`.plan` takes one query; a `let`, `set` or `use` stands on a line of its own before it" };
    return { then: "run", name: "repl", text: explaining(argument, [query], query, false) };
  },
};
