/** Without this file a question about single tokens would have to go through a file. */
import { flag, ints } from "./args.ts";
import { areFeatures } from "./lowering/known_features.ts";
import { rowsCanBeLabelled } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

export const rows = stage({
  name: "rows",
  doc: "Activations or tokens as a table: a row for each token, or for each feature that is active on it",
  category: "features",
  args: {
    feature: ints({ min: 0, of: "feature", default: [], doc: "Only these features; all where not given" }),
    special: flag("Special tokens too, such as the one that begins a text, with a column that says which they are; figures of activations leave them out"),
  },
  input: ["acts", "tokens"],
  between: { gives: "table", written: () => "rows" },
  examples: [
    { title: "On how many tokens of each text a feature is active", query: "sample perfect 5 | acts layer 7 | rows 769 | count by row" },
    { title: "With a column of the texts that they are of", query: "let t = sample perfect 5\nt | acts layer 7 | rows 769 | join (t | derive row = row() | select row, reference) on row" },
    { title: "Features that are active on the same tokens", query: "let a = sample perfect 5 | acts layer 7\na | rows 769 | join (a | rows 559) on row, position suffix \"_b\" | count" },
    { title: "Texts of fewer than 110 tokens", query: "let t = sample perfect 5\nt | derive row = row() | join (t | tokenize | rows | count by row) on row | where count < 110" },
  ],
  instead: {
    table: "a table has rows already: … | acts layer 7 | rows",
    features: "these are rows already; of each token they are where the activations are: … | acts layer 7 | rows 12, 769",
    dense: 'vectors of a token are written to a file: … | save "resid.parquet"',
  },
  alsoCalled: ["melt", "explode", "unnest", "to_table", "as_table", "entries", "to_dataframe", "to_pandas"],
  searchTerms: ["per token", "cooccurrence", "position", "table", "long format", "activations as a table", "dataframe"],
  lower: (context, { feature, special }) => {
    const { input } = context;
    if (input.schema.kind === "tokens" && feature.length > 0) {
      context.report({ code: "wrong-input", message: "tokens have no features yet", span: context.at("feature"), help: "… | acts layer 7 | rows 12" });
      return null;
    }
    if (!areFeatures(context, feature) || !rowsCanBeLabelled(context, "rows")) return null;
    const columns = input.schema.columns.filter(({ name }) => special || name !== "special");
    return context.node({ op: "rows", features: feature.length === 0 ? null : feature, special, threshold: context.settings.threshold }, [input], { ...input.schema, kind: "table", columns });
  },
});
