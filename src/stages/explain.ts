/** Without this file nobody could see what a pipeline will do before it does it. */
import { flag } from "./args.ts";
import { stage } from "./stage.ts";

export const explain = stage({
  name: "explain",
  doc: "Show the plan, the rules that changed it, and what it will read, compute and take in memory, without running it",
  category: "results",
  args: { analyze: flag("Run it, and show what each step took") },
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  examples: [
    { title: "What will happen", query: "sample perfect 10 | acts layer 7 last 50 | top 10 | explain" },
    { title: "What it took", query: "sample perfect 10 | acts layer 7 last 50 | top 10 | explain analyze" },
  ],
  searchTerms: ["plan", "cost", "profile", "time", "memory"],
  lower: (context, { analyze }) => context.node({ op: "explain", analyze }, [context.input], { kind: "text", columns: [], groups: null, known: true }),
});
