/** Without this file nobody could ask how many. */
import { table } from "../ops/schema.ts";
import { columns } from "./args.ts";
import { labelledColumns } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

export const count = stage({
  name: "count",
  doc: "How many rows, per group, and per value of the columns named after `by`. For activations: documents, tokens and active features",
  category: "results",
  args: { by: columns({ keyword: true, default: [], doc: "Count for each combination of these columns" }) },
  input: ["table", "features", "tokens", "dense", "acts"],
  examples: [
    { title: "Rows", query: "perfect | count" },
    { title: "Rows per value", query: "memorization | count by perfect_match" },
  ],
  alsoCalled: ["nrow", "size", "len"],
  searchTerms: ["value_counts"],
  lower: (context, { by }) => {
    const { schema } = context.input;
    const found = by.flatMap((name) => schema.columns.filter((column) => column.name === name));
    const activations = schema.kind === "tokens" || schema.kind === "dense" || schema.kind === "acts";
    if (activations && by.length > 0) {
      context.report({ code: "wrong-argument", message: `\`by\` names columns, and ${schema.kind} has none to count by`, span: context.at("by"), help: schema.kind === "dense" ? "count" : `… | rows | count by ${by.join(", ")}` });
      return null;
    }
    const named = schema.groups === null ? [] : schema.keys?.map(({ name }) => name) ?? [];
    const again = by.find((name) => named.includes(name));
    if (again !== undefined) {
      const rest = by.filter((name) => !named.includes(name));
      context.report({ code: "name-taken", message: `\`${again}\` already names the group of each row`, span: context.at("by"), help: rest.length === 0 ? "count" : `count by ${rest.join(", ")}` });
      return null;
    }
    const made = labelledColumns(context, by.length === 0 ? "count" : `count by ${by.join(", ")}`, [
      ...found,
      ...(activations
        ? [{ name: "documents", type: "int" } as const, { name: "tokens", type: "int" } as const, ...(schema.kind === "acts" ? [{ name: "active", type: "int" } as const] : [])]
        : [{ name: "count", type: "int" } as const]),
    ]);
    return made === null ? null : context.node({ op: "count", by }, [context.input], { ...table(made), known: schema.known });
  },
});
