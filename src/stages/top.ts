/** Without this file the features that fire most could not be found. */
import type { ColumnSchema } from "../ops/schema.ts";
import { int, oneOf } from "./args.ts";
import { stage } from "./stage.ts";

export const FEATURE_COLUMNS: readonly ColumnSchema[] = [
  { name: "feature", type: "int" },
  { name: "count", type: "int" },
  { name: "mean", type: "float" },
  { name: "max", type: "float" },
];

export const top = stage({
  name: "top",
  doc: "The n features that rank first. `count` = tokens where the feature is active; ties go to the lower feature",
  category: "features",
  args: {
    n: int({ min: 1, doc: "Features to list" }),
    by: oneOf(["count", "mean", "max", "sum", "frac"], { keyword: true, default: "count", doc: "What ranks them; mean is over the tokens where the feature is active" }),
    per: oneOf(["all", "layer"], { keyword: true, default: "all", doc: "One list, or one for each layer" }),
  },
  input: ["acts", "features"],
  examples: [
    { title: "By number of active tokens", query: "sample perfect 5 | acts layer 7 | top 5" },
    { title: "By strength", query: "sample perfect 5 | acts layer 7 | top 5 by max" },
  ],
  alsoCalled: ["topk"],
  searchTerms: ["rank", "max activating"],
  instead: { table: "for rows of a table: sort <column> desc | take <n>; where they are ranked already: take <n>" },
  lower: (context, { n, by, per }) => {
    const { input, settings } = context;
    const layered = (input.schema.layers?.length ?? 1) > 1;
    const columns = [...FEATURE_COLUMNS, ...(by === "sum" || by === "frac" ? [{ name: by, type: "float" } as const] : [])];
    return context.node({ op: "rank", count: n, by, per, threshold: settings.threshold }, [input], {
      ...input.schema,
      kind: "features",
      columns: layered ? [{ name: "layer", type: "int" }, ...columns] : columns,
    });
  },
});
