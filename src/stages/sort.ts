/** Without this file rows could not be ordered. */
import { sortKeys } from "./args.ts";
import { stage } from "./stage.ts";

export const sort = stage({
  name: "sort",
  doc: "Order rows by one or more keys; equal rows keep their order, nulls come last",
  category: "tables",
  args: { keys: sortKeys({ doc: "Columns or expressions, each with asc (default) or desc" }) },
  input: ["table", "features"],
  examples: [{ title: "Two keys", query: "memorization | sort matching_tokens desc, input_text | take 3" }],
  alsoCalled: ["order", "order_by", "orderby", "sort_by", "sort_values", "arrange"],
  searchTerms: ["order by"],
  lower: (context, { keys }) => context.node({ op: "sort", keys }, [context.input], { ...context.input.schema, kind: "table" }),
});
