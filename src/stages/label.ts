/** Without this file features would be numbers to everybody who has not learnt them by heart. */
import { printColumn } from "../../grammar/print_parts.ts";
import { columnOf } from "../ops/schema.ts";
import { column, flag, names, optionalInt, path, pipelines, text } from "./args.ts";
import { hasTexts } from "./lowering/documents.ts";
import { labelNames } from "./lowering/label_names.ts";
import { READ_ENDINGS } from "./lowering/readers.ts";
import { stage } from "./stage.ts";

export const label = stage({
  name: "label",
  doc: "Put what features are called beside them, from a file of names: columns `feature` (or `index`, as in Neuronpedia's exports) and `label` (or `description`, `explanation`). A feature without a name gets null; of several names the first is taken",
  category: "features",
  args: {
    path: path("read", READ_ENDINGS, { default: "", doc: "File of names that ends in .csv, .tsv, .jsonl, .json (also packed, .gz) or .parquet" }),
    from: pipelines({ named: false, default: [], keyword: true, doc: "Or a table of names: a value, or a pipeline in brackets" }),
    key: names({ keyword: true, default: [], doc: "The column of the names that holds the feature, where it is called otherwise" }),
    column: names({ keyword: true, default: [], doc: "The column of the names that holds the text, where it is called otherwise" }),
    layer: optionalInt({ keyword: true, min: 0, of: "layer", doc: "Names of this layer, where their column `layer` holds several; not said: that of each row of the input, or of its SAE, and an export of another SAE is refused" }),
    of: column({ keyword: true, default: "feature", doc: "The column of the input that names a feature" }),
    as: text({ keyword: true, default: "label", doc: "What the new column is called" }),
    all: flag("A row for each name of a feature"),
  },
  input: ["features", "table"],
  examples: [
    { title: "Features that fire most", query: 'sample perfect 5 | acts layer 7 | top 5 | label "kjv/labels.csv"' },
    { title: "What lies beside a feature", query: 'similar 769 k 3 | label "kjv/labels.csv" of similar' },
  ],
  instead: { acts: 'activations are too many to be named one by one: … | acts layer 7 | top 10 | label "labels.csv"' },
  alsoCalled: ["explanations", "annotate", "explain_features", "autointerp"],
  searchTerms: ["neuronpedia", "names", "descriptions", "explanation", "autointerp", "join"],
  lower: (context, args) => {
    const { input } = context;
    const { of, as, all } = args;
    const key = columnOf(input.schema, of);
    if (key === undefined || (key.type !== "int" && key.type !== "float")) {
      if (!input.schema.known) return null;
      context.report({
        code: "unknown-column",
        message: key === undefined ? `this table has no column \`${of}\` to be named` : `\`${of}\` is ${key.type}, and features are numbers`,
        span: context.at("of"),
        notes: [`columns here: ${input.schema.columns.map(({ name }) => printColumn(name)).join(", ")}`],
        ...(key === undefined && of === "feature" && hasTexts(input.schema) ? context.way(["features"]) : { help: `label ${JSON.stringify(args.path === "" ? "labels.csv" : args.path)} of <column>` }),
      });
      return null;
    }
    if (columnOf(input.schema, as) !== undefined) {
      context.report({ code: "name-taken", message: `there is a column \`${as}\` already`, span: context.at("as"), help: `label ${JSON.stringify(args.path === "" ? "labels.csv" : args.path)}${of === "feature" ? "" : ` of ${printColumn(of)}`} as "${as}_2"` });
      return null;
    }
    const found = labelNames(context, args);
    if (found === null) return null;
    return context.node({ op: "label", of, as, layered: found.layered, bySource: found.bySource, saes: found.saes, all }, [input, found.names], { ...input.schema, kind: "table", columns: [...input.schema.columns, { name: as, type: "str" }] });
  },
});
