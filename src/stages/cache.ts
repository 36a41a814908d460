/** Without this file nobody could say which value is worth keeping. */
import { duration, text } from "./args.ts";
import { stage } from "./stage.ts";

export const cache = stage({
  name: "cache",
  doc: "Pass the value on and keep it: in memory until the session ends, and on disk, where a later session finds it instead of computing it again",
  category: "results",
  args: {
    name: text({ keyword: true, default: "", doc: "A name for the plan and the notice" }),
    ttl: duration({ keyword: true, default: null, doc: "Keep it only so long, as 90s or 2h; then it is computed again" }),
  },
  input: ["table", "features", "tokens", "acts", "dense"],
  passes: true,
  examples: [{ title: "Keep activations", query: 'sample perfect 2 | acts layer 7 last 5 | cache name "small" ttl 1h | count' }],
  alsoCalled: ["persist", "memoize"],
  searchTerms: ["keep", "materialize"],
  lower: (context, { name, ttl }) => {
    if (ttl !== null && !(ttl > 0)) {
      context.report({ code: "out-of-range", message: `a value is kept for more than 0 seconds, not ${ttl}`, span: context.at("ttl"), help: "cache ttl 1h" });
      return null;
    }
    return context.node({ op: "cache", name, seconds: ttl }, [context.input], context.input.schema);
  },
});
