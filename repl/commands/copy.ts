/** Without this file a result could leave the terminal only through a file. */
import { clip } from "../clipboard.ts";
import type { Command, Reply } from "./command.ts";

const FORMATS = ["tsv", "csv", "json", "jsonl"] as const;

/** Characters that are worked out at most. */
const MOST = 16 * 2 ** 20;

export const copy: Command = {
  name: ".copy",
  usage: `.copy [${FORMATS.join("|")}|query]`,
  doc: "put the rows of the last result, or the last query, on the clipboard",
  argument: { words: [...FORMATS, "query"] },
  async run(argument, { journal, last, env }): Promise<Reply> {
    if (argument === "query") return journal.length === 0 ? { then: "mistake", text: "nothing has succeeded yet" } : sent(journal.at(-1)!.text, "the last query", env);
    const format = argument === "" ? "tsv" : FORMATS.find((one) => one === argument);
    if (format === undefined) return { then: "mistake", text: `\`.copy\` takes one of: ${[...FORMATS, "query"].join(", ")}` };
    if (last === null) return { then: "mistake", text: "there is no result yet" };
    const { formatRows } = await import("../../runtime/data/write.ts");
    let text = "";
    for (const piece of formatRows(last, format)) {
      text += piece;
      if (text.length > MOST) return { then: "mistake", text: `not copied: that is more than a clipboard is for; save "rows.${format}" writes it` };
    }
    return sent(text, `the last result as ${format}`, env);
  },
};

function sent(text: string, what: string, env: Readonly<Record<string, string | undefined>>): Reply {
  const clipping = clip(text, env);
  switch (clipping.by) {
    case "program":
      return { then: "say", text: `copied ${what}` };
    case "terminal":
      return { then: "send", sequence: clipping.sequence, text: `asked the terminal to copy ${what}` };
    case "nothing":
      return { then: "mistake", text: `not copied: ${clipping.why}` };
    default:
      return clipping satisfies never;
  }
}
