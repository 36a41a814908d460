/** Without this file leaving one column out would mean naming all others. */
import { printColumn } from "../../grammar/print_parts.ts";
import { columns } from "./args.ts";
import { keepColumns } from "./lowering/columns.ts";
import { stage } from "./stage.ts";

export const drop = stage({
  name: "drop",
  doc: "Leave these columns out",
  category: "tables",
  args: { columns: columns({ doc: "Columns, separated by commas" }) },
  input: ["table", "features"],
  examples: [{ title: "Without the texts", query: "memorization | drop input_text, generated_continuation_text | take 3" }],
  alsoCalled: ["remove", "exclude", "without"],
  lower: (context, { columns }) => {
    const { input } = context;
    const kept = input.schema.columns.filter(({ name }) => !columns.includes(name));
    if (kept.length === 0) {
      context.report({ code: "wrong-argument", message: "`drop` would leave no column", span: context.at("columns"), notes: [`columns here: ${input.schema.columns.map(({ name }) => name).join(", ")}`], ...(input.schema.columns[0] === undefined ? {} : { help: `select ${printColumn(input.schema.columns[0].name)}` }) });
      return null;
    }
    return context.node({ op: "project", columns: keepColumns(kept) }, [input], { ...input.schema, kind: "table", columns: kept });
  },
});
