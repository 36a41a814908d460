/** Without this file nobody could see what a pipeline will do before it does it. */
import { stage } from "./stage.ts";

export const explain = stage({
  name: "explain",
  doc: "Show the plan, the rules that changed it, and what it will read and compute, without running it",
  category: "results",
  args: {},
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  examples: [{ title: "What will happen", query: "sample perfect 10 | acts layer 7 last 50 | top 10 | explain" }],
  searchTerms: ["plan", "cost"],
  lower: (context) => context.node({ op: "explain" }, [context.input], { kind: "text", columns: [], groups: null, known: true }),
});
