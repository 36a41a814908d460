/** Without this file one result could not be shown on the way to the next. */
import { stages } from "./args.ts";
import { stage } from "./stage.ts";

export const tee = stage({
  name: "tee",
  doc: "Run stages on the side, show or save what they give, and pass the input on unchanged",
  category: "results",
  args: { stages: stages({ doc: "Stages in brackets" }) },
  input: ["table", "features", "tokens", "acts", "dense"],
  passes: true,
  examples: [{ title: "Statistics on the way", query: "sample perfect 5 | acts layer 7 | tee (stats) | top 3" }],
  alsoCalled: ["tap", "peek"],
  searchTerms: ["side"],
  lower: (context, { stages }) => context.node({ op: "tee" }, [context.input, stages], context.input.schema),
});
