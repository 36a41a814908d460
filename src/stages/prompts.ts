/** Without this file a text could not be typed straight into a query. */
import { table } from "../ops/schema.ts";
import { texts } from "./args.ts";
import { stage } from "./stage.ts";

const columns = [{ name: "text", type: "str" }] as const;

export const prompts = stage({
  name: "prompts",
  doc: "A table of the texts given, one row each",
  category: "sources",
  args: { texts: texts({ doc: "One or more texts, separated by commas" }) },
  input: [],
  examples: [{ title: "Two texts", query: 'prompts "In the beginning", "And it came to pass" | acts layer 7 | top 3' }],
  searchTerms: ["text", "strings"],
  lower: (context, { texts }) =>
    context.node({ op: "literal", columns, rows: texts.map((each) => [each]) }, [], table(columns)),
});
