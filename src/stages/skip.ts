/** Without this file the rows after the first ones could not be looked at. */
import { int } from "./args.ts";
import { stage } from "./stage.ts";

export const skip = stage({
  name: "skip",
  doc: "Leave the first n rows out",
  category: "tables",
  args: { n: int({ min: 0, doc: "Rows to leave out" }) },
  input: ["table", "features"],
  examples: [{ title: "The second three rows", query: "memorization | skip 3 | take 3" }],
  instead: { acts: "it leaves out texts; of their tokens, the one that begins a text is in no figure, and `acts layer 7 last 50` reads the last ones alone" },
  alsoCalled: ["offset"],
  searchTerms: ["tail", "slice"],
  lower: (context, { n }) => context.node({ op: "skip", count: n }, [context.input], { ...context.input.schema, kind: "table" }),
});
