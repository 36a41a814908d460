/** Without this file a result could not be written under a name that does not say its format. */
import { oneOf, path } from "./args.ts";
import { saved, SAVE_ENDINGS, SAVE_FORMATS } from "./lowering/saved.ts";
import { stage } from "./stage.ts";

export const exported = stage({
  name: "export",
  doc: "Write the value to a file for another program and pass it on; like `save`, with a format that may differ from the ending",
  category: "results",
  args: {
    path: path("write", SAVE_ENDINGS, { doc: "File" }),
    format: oneOf(["auto", ...SAVE_FORMATS], { default: "auto", doc: "Format; auto takes the ending" }),
  },
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  passes: true,
  examples: [
    { title: "For pandas", query: 'perfect | export "perfect.parquet"' },
    { title: "Tabs under another ending", query: 'perfect | select matching_tokens | export "perfect.txt" tsv' },
  ],
  searchTerms: ["write", "to_parquet", "dump"],
  lower: (context, { path, format }) => saved(context, path, format === "auto" ? null : format),
});
