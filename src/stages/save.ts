/** Without this file no result could leave saeq. */
import { path } from "./args.ts";
import { saved, SAVE_ENDINGS } from "./lowering/saved.ts";
import { stage } from "./stage.ts";

export const save = stage({
  name: "save",
  doc: "Write the value to a file and pass it on: csv, jsonl, json, tsv or parquet for rows, svg for plots",
  category: "results",
  args: { path: path("write", SAVE_ENDINGS, { doc: "File; the ending chooses the format" }) },
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  passes: true,
  examples: [{ title: "Activations as a file", query: 'sample perfect 2 | acts layer 7 last 5 | save "activations.csv"' }],
  alsoCalled: ["write", "to_csv", "to_parquet", "savefig"],
  lower: (context, { path }) => saved(context, path, null),
});
