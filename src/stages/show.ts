/** Without this file a result could not be shown otherwise than by default. */
import { flag, optionalInt } from "./args.ts";
import { stage } from "./stage.ts";

export const show = stage({
  name: "show",
  doc: "Show the value, and pass it on",
  category: "results",
  args: {
    rows: optionalInt({ keyword: true, min: 1, doc: "Rows to show at most" }),
    wide: flag("Show every column, however wide"),
  },
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  passes: true,
  examples: [{ title: "Five rows", query: "memorization | show rows 5 wide" }],
  alsoCalled: ["print", "display"],
  lower: (context, { rows, wide }) => context.node({ op: "show", rows, wide }, [context.input], context.input.schema),
});
