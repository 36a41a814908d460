/** Without this file groups could be counted but not summed up in numbers of one's own. */
import { printColumn } from "../../grammar/print_parts.ts";
import { columnOf, groupColumns, table, type Schema } from "../ops/schema.ts";
import { assignments } from "./args.ts";
import { columnType } from "./lowering/columns.ts";
import { bareColumn } from "./lowering/aggregates.ts";
import { stage } from "./stage.ts";

export const agg = stage({
  name: "agg",
  doc: "One row per group, or one in all, of aggregates such as count(), mean(x) and quantile(x, 0.9); first the columns that name the group",
  category: "results",
  args: { items: assignments({ doc: "Name = aggregates, separated by commas" }) },
  input: ["table", "features"],
  examples: [
    { title: "Per value", query: "memorization | group perfect_match | agg n = count(), p90 = quantile(matching_tokens, 0.9)" },
    { title: "In all", query: "memorization | agg n = count(), spread = max(matching_tokens) - min(matching_tokens)" },
  ],
  alsoCalled: ["summarize", "summarise", "aggregate"],
  searchTerms: ["reduce"],
  lower: (context, { items }) => {
    const { input } = context;
    const labels = groupColumns(input.schema);
    for (const { name, value } of items) {
      const loose = bareColumn(value);
      if (loose !== null) {
        const call = loose.endsWith("()") || loose.endsWith("…)");
        context.report({
          code: "wrong-argument",
          message: call ? `\`${loose}\` has a value for each row, and \`agg\` makes one row` : `\`${loose}\` is a column, and \`agg\` makes one row of it`,
          span: context.at("items"),
          notes: ["aggregates: count sum mean median min max std var mad quantile frac corr cosine entropy"],
          help: `agg ${name} = ${call ? "max" : isNumber(input.schema, loose) ? "mean" : "count"}(${loose})`,
        });
        return null;
      }
      if (labels.some((label) => label.name === name)) {
        context.report({ code: "name-taken", message: `\`${name}\` already names the group of each row`, span: context.at("items"), ...(items.length > 1 ? {} : { help: `agg ${printColumn(`${name}_value`)}${context.written("items").replace(/^[^=]*?(?= *=)/, "")}` }) });
        return null;
      }
    }
    return context.node({ op: "aggregate", columns: items, keys: input.schema.keys ?? null }, [input], {
      ...table([...labels, ...items.map(({ name, value }) => ({ name, type: columnType(value) }))]),
      known: input.schema.known,
    });
  },
});

function isNumber(schema: Schema, name: string): boolean {
  const type = columnOf(schema, name)?.type;
  return type === "int" || type === "float";
}
