/** Without this file nobody could ask what a value is made of. */
import { table, type ColumnSchema } from "../ops/schema.ts";
import { labelledColumns } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

export const DESCRIBE_COLUMNS: readonly ColumnSchema[] = [
  { name: "column", type: "str" },
  { name: "type", type: "str" },
  { name: "rows", type: "int" },
  { name: "nulls", type: "int" },
  { name: "distinct", type: "int" },
  { name: "min", type: "str" },
  { name: "mean", type: "float" },
  { name: "max", type: "str" },
];

export const describe = stage({
  name: "describe",
  doc: "Columns with type, missing and distinct values, smallest, mean and largest",
  category: "results",
  args: {},
  input: ["table", "features", "tokens", "acts", "dense"],
  examples: [{ title: "What is in a file", query: "memorization | describe" }],
  alsoCalled: ["info", "dtypes", "schema"],
  searchTerms: ["columns"],
  lower: (context) => {
    const made = labelledColumns(context, "describe", DESCRIBE_COLUMNS);
    return made === null ? null : context.node({ op: "describe" }, [context.input], { ...table(made), known: context.input.schema.known });
  },
});
