/** Without this file the first rows could not be looked at. */
import { int } from "./args.ts";
import { stage } from "./stage.ts";

export const take = stage({
  name: "take",
  doc: "Keep the first n rows",
  category: "tables",
  args: { n: int({ min: 0, doc: "Rows to keep" }) },
  input: ["table", "features"],
  examples: [{ title: "Three rows", query: "memorization | take 3" }],
  alsoCalled: ["head", "limit", "first"],
  lower: (context, { n }) => context.node({ op: "limit", count: n }, [context.input], { ...context.input.schema, kind: "table" }),
});
