/** Without this file nobody could see what a session holds in memory, or make it let go. */
import { bytes } from "../progress.ts";
import type { Command } from "./command.ts";

export const cache: Command = {
  name: ".cache",
  usage: ".cache [clear]",
  doc: "what the session holds so that nothing is computed twice, or let go of it; names keep their meaning",
  argument: { words: ["clear"] },
  run(argument, { session }) {
    if (argument !== "" && argument !== "clear") return { then: "mistake", text: "`.cache` shows what is held, `.cache clear` lets go of it" };
    const before = session.held?.(false);
    if (before === undefined) return { then: "say", text: "nothing is held" };
    if (argument === "clear") {
      session.held?.(true);
      return { then: "say", text: `let go of ${before.values.count} values and ${before.texts.count} texts, about ${bytes(before.values.bytes + before.texts.bytes)}` };
    }
    return { then: "say", text: [`values       ${before.values.count}, about ${bytes(before.values.bytes)}`, `activations  of ${before.texts.count} texts, ${bytes(before.texts.bytes)}`].join("\n") };
  },
};
