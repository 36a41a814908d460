/** Without this file the features that fire most could not be found. */
import type { ColumnSchema } from "../ops/schema.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Op, Plan } from "../ops/op.ts";
import { int, oneOf } from "./args.ts";
import { hasTexts } from "./lowering/documents.ts";
import { stage } from "./stage.ts";

export const FEATURE_COLUMNS: readonly ColumnSchema[] = [
  { name: "feature", type: "int" },
  { name: "count", type: "int" },
  { name: "mean", type: "float" },
  { name: "max", type: "float" },
];

/** Ops that give rows in the order of a rank, and those that leave the order of their input. */
const RANKED: readonly Op["op"][] = ["compare", "compare_columns", "sort"];
const ORDERED: readonly Op["op"][] = ["filter", "project", "limit", "skip", "cache", "show", "save", "tee", "assert"];

/** The first rows of a table: as they stand where they are ranked, else by a column of figures. Where texts are left to read, features of them are meant. */
function ofRows(label: string, input: Plan): { readonly text: string; readonly sure: boolean } | null {
  const { kind, columns } = input.schema;
  const count = /^top\s+(\d+|\$\w+)/.exec(label)?.[1] ?? "10";
  if (kind !== "table" || hasTexts(input.schema)) return null;
  let from = input;
  while (ORDERED.includes(from.op.op)) from = from.inputs[0]!;
  const by = /\bby\s+(\w+)/.exec(label)?.[1];
  const figures = columns.filter(({ name, type }) => (type === "int" || type === "float") && !["feature", "layer", "position"].includes(name));
  const key = figures.find(({ name }) => name === by) ?? (RANKED.includes(from.op.op) ? undefined : figures[0]);
  // Of each text the likeliest tokens, of each feature the first ones on each side, and not those of all together.
  if (["logits", "promotes", "similar"].includes(from.op.op)) return { text: `where rank <= ${count}`, sure: true };
  if (key !== undefined) return { text: `sort ${printColumn(key.name)} desc | take ${count}`, sure: key.name === by };
  return RANKED.includes(from.op.op) ? { text: `take ${count}`, sure: true } : null;
}

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
  between: { gives: "features", written: () => "top 10" },
  examples: [
    { title: "By number of active tokens", query: "sample perfect 5 | acts layer 7 | top 5" },
    { title: "By strength", query: "sample perfect 5 | acts layer 7 | top 5 by max" },
  ],
  alsoCalled: ["topk", "top_k"],
  searchTerms: ["rank", "max activating"],
  instead: { table: "for rows of a table: sort <column> desc | take <n>; where they are ranked already: take <n>" },
  rewritten: ofRows,
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
