/** Without this file groups could not be summed up in numbers. */
import { table, type ColumnSchema } from "../ops/schema.ts";
import { DESCRIBE_COLUMNS } from "./describe.ts";
import { labelledColumns } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

const STATISTICS_COLUMNS: readonly ColumnSchema[] = [
  { name: "documents", type: "int" },
  { name: "tokens", type: "int" },
  { name: "l0_mean", type: "float" },
  { name: "mean_active", type: "float" },
  { name: "max", type: "float" },
  { name: "never_active", type: "float" },
  { name: "l0_sd", type: "float" },
  { name: "l0_median", type: "float" },
  { name: "live", type: "int" },
  { name: "masked", type: "int" },
];

export const stats = stage({
  name: "stats",
  doc: "One row per group: L0 (active features per token), mean activation when active, max, and the share of features that are never active. For tables: as `describe`",
  category: "results",
  args: {},
  input: ["acts", "table", "features"],
  examples: [{ title: "Two groups", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | stats" }],
  searchTerms: ["summary", "l0", "density", "sparsity"],
  lower: (context) => {
    const { input, settings } = context;
    const ofActivations = input.schema.kind === "acts";
    const layer: readonly ColumnSchema[] = (input.schema.layers?.length ?? 1) > 1 ? [{ name: "layer", type: "int" }] : [];
    const made = labelledColumns(context, "stats", ofActivations ? [...layer, ...STATISTICS_COLUMNS] : DESCRIBE_COLUMNS);
    if (made === null) return null;
    return context.node(ofActivations ? { op: "statistics", threshold: settings.threshold } : { op: "describe" }, [input], { ...table(made), known: ofActivations || input.schema.known });
  },
});
