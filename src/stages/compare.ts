/** Without this file a difference between two sets of texts could be seen, but not told from chance. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf, type ColumnSchema, type Schema } from "../ops/schema.ts";
import { column, columns, flag, int, oneOf, type ArgValues } from "./args.ts";
import { hasTexts } from "./lowering/documents.ts";
import { featureColumns, twoGroups } from "./lowering/named_groups.ts";
import { tellPieces } from "./lowering/pieces_of_texts.ts";
import { stage, type Lowering } from "./stage.ts";

const FIGURES: readonly ColumnSchema[] = ["delta", "low", "high", "p", "q"].map((name) => ({ name, type: "float" }));

const ARGS = {
  of: { ...columns({ of: "figures", default: [], doc: "Of tables: columns of numbers, or of true and false" }), kinds: ["table"] },
  by: { ...oneOf(["rate", "fires", "max", "mean"], { keyword: true, default: "rate", doc: "Of activations, a text's score: share of its tokens where the feature is active, whether it fires at all, its largest activation, or the mean over all its tokens, silent ones as 0" }), kinds: ["acts"] },
  least: { ...int({ keyword: true, default: 3, min: 1, doc: "Of activations: test only features that fire in at least so many texts of both groups together, or pairs" }), kinds: ["acts"] },
  per: { ...column({ keyword: true, default: "", alsoCalled: ["unit", "each", "on", "key"], doc: "Of tables: rows of one value of this column are one text, whose score is their mean; not said: `row`, as `logits` and `rows` number their texts, or else each row by itself" }), depends: true, kinds: ["table"] },
  paired: flag("Set each text against its partner: the first of one group against the first of the other, or, of tables, what has the same `per` in both. For a model before and after an edit, a clean text and a corrupted one; delta is the share of pairs where the first is higher, less that where it is lower, and p is of the signed ranks of their differences (Wilcoxon; of true and false that is McNemar's exact test)", ["matched", "signed_rank", "wilcoxon"]),
} as const;

export const compare = stage({
  name: "compare",
  doc: "Which features differ between two groups, with the text as the unit: mean score in each, Cliff's delta (above 0 where the first group scores higher) from `low` to `high`, its 95 % interval, p (Mann–Whitney, exact up to 40 texts) and q (Benjamini–Hochberg over the features tested), the surest first. Of tables the same of columns: whether the perplexity of texts differs, or a figure that each row has. `paired` sets each text against its partner",
  category: "features",
  args: ARGS,
  input: ["acts", "table"],
  groups: "required",
  examples: [
    { title: "Recalled against not recalled", query: "groups perfect = (sample perfect 15), non_perfect = (sample non_perfect 15) | acts layer 7 last 50 | compare | take 10" },
    { title: "Only what holds after correction", query: "groups a = (sample perfect 15), b = (sample non_perfect 15) | acts layer 7 last 50 | compare by fires | where q < 0.05" },
    { title: "The same texts, two ways of reading them", query: 'groups plain = (csv "kjv/passages.csv" | take 20), loud = (csv "kjv/passages.csv" | take 20 | derive text = upper(text)) | acts layer 7 | compare paired | take 10' },
    { title: "Does the perplexity of texts differ?", query: "groups a = (sample perfect 8), b = (sample non_perfect 8) | logits at continuation | compare surprisal" },
  ],
  searchTerms: ["test", "significance", "difference", "mann whitney", "p value", "fdr", "diff", "wilcoxon", "paired", "matched pairs", "mcnemar", "perplexity"],
  lower: (context, args) => (context.input.schema.kind === "acts" ? ofFeatures(context, args) : ofColumns(context, args)),
});

const made = (first: readonly ColumnSchema[], names: readonly string[], counts: string): Schema => ({
  kind: "table",
  groups: null,
  known: true,
  columns: [...first, ...names.map((name): ColumnSchema => ({ name: `${name}_mean`, type: "float" })), ...FIGURES, ...names.map((name): ColumnSchema => ({ name: `${name}_${counts}`, type: "int" }))],
});

function ofFeatures(context: Lowering, { by, least, paired }: ArgValues<typeof ARGS>): Plan | null {
  const features = featureColumns(context);
  const names = twoGroups(context, "compare", []);
  if (names === null) return null;
  tellPieces(context);
  return context.node({ op: "compare", by, least, threshold: context.settings.threshold, ...(paired ? { paired } : {}) }, [context.input], made(features, names, "texts"));
}

function ofColumns(context: Lowering, { of, per, paired }: ArgValues<typeof ARGS>): Plan | null {
  const { schema } = context.input;
  if (!schema.known) return null;
  const numbers = schema.columns.filter(({ type }) => type !== "str").map(({ name }) => name);
  const meant = numbers.find((name) => name === "surprisal") ?? numbers.find((name) => !["row", "position", "token_id", "rank"].includes(name));
  const pairs = `${paired ? " paired" : ""}${per === "" ? "" : ` per ${printColumn(per)}`}`;
  const line = `compare ${meant === undefined ? "<column>" : printColumn(meant)}${pairs}`;
  // Who says what a pair of rows is means columns.
  const unread = hasTexts(schema) && !(context.given("per") && meant !== undefined);
  if (of.length === 0) {
    context.report({
      code: "missing-argument",
      message: unread ? "`compare` of texts that no model has read needs a column to compare" : "`compare` of a table needs a column to compare",
      notes: numbers.length === 0 ? ["none here holds numbers"] : [`columns of numbers here: ${numbers.map(printColumn).join(", ")}`],
      ...(unread ? context.way(["acts"]) : { help: line }),
    });
    return null;
  }
  const text = of.find((name) => !numbers.includes(name));
  if (text !== undefined) {
    context.report({ code: "unlike-types", message: `\`${text}\` is text, and ranks are of numbers`, span: context.at("of"), notes: [`columns of numbers here: ${numbers.map(printColumn).join(", ")}`], help: line });
    return null;
  }
  const names = twoGroups(context, "compare", []);
  if (names === null) return null;
  if (per !== "document") tellPieces(context);
  const unit = per !== "" ? per : columnOf(schema, "row")?.type === "int" ? "row" : null;
  return context.node({ op: "compare_columns", columns: [...new Set(of)], unit, ...(paired ? { paired } : {}) }, [context.input], made([{ name: "column", type: "str" }], names, "n"));
}
