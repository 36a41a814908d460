/** Without this file rows could not be chosen by a condition. */
import { predicate } from "./args.ts";
import { stage } from "./stage.ts";

export const where = stage({
  name: "where",
  doc: "Keep the rows where a condition is true",
  category: "tables",
  args: { condition: predicate({ doc: "True or false for each row; null counts as false, and `x != 3` is true where x is null (`saeq doc null`)" }) },
  input: ["table", "features"],
  examples: [{ title: "Two conditions", query: "memorization | where not perfect_match and matching_tokens == 0 | count" }],
  alsoCalled: ["filter", "having"],
  searchTerms: ["query", "grep"],
  lower: (context, { condition }) =>
    context.node({ op: "filter", predicate: condition }, [context.input], { ...context.input.schema, kind: "table" }),
});
