/** Without this file a column could get another name only by naming all of them. */
import { printColumn } from "../../grammar/print_parts.ts";
import { repeatedName } from "../ops/schema.ts";
import { assignments } from "./args.ts";
import { stage } from "./stage.ts";

export const rename = stage({
  name: "rename",
  doc: "Give columns other names: new = old; their places and values stay",
  category: "tables",
  args: { names: assignments({ doc: "New name = old name, separated by commas" }) },
  input: ["table", "features"],
  examples: [{ title: "A shorter name", query: "memorization | rename prompt = input_text | select prompt | take 3" }],
  searchTerms: ["alias", "as", "set_names"],
  lower: (context, { names }) => {
    const { input } = context;
    const { columns } = input.schema;
    const renamed = new Map<string, string>();
    for (const { name, value } of names) {
      if (value.op !== "column") {
        context.report({ code: "wrong-argument", message: `\`rename\` takes an old name for \`${name}\`, not an expression`, span: context.at("names"), help: `derive ${context.written("names")}` });
        return null;
      }
      const before = renamed.get(value.name);
      if (before !== undefined) {
        context.report({ code: "name-taken", message: `\`${value.name}\` cannot be called both \`${before}\` and \`${name}\``, span: context.at("names"), fix: context.instead(`derive ${names.map((each) => `${printColumn(each.name)} = ${each.value.op === "column" ? printColumn(each.value.name) : ""}`).join(", ")}`) });
        return null;
      }
      renamed.set(value.name, name);
    }
    const made = columns.map((column) => ({ ...column, name: renamed.get(column.name) ?? column.name }));
    const twice = repeatedName(made);
    if (twice !== null) {
      context.report({ code: "name-taken", message: `there would be two columns named \`${twice}\``, span: context.at("names"), notes: [`columns here: ${columns.map(({ name }) => name).join(", ")}`], label: `\`drop ${printColumn(twice)}\` comes before it`, fix: context.instead(`drop ${printColumn(twice)} | ${context.written()}`) });
      return null;
    }
    return context.node(
      { op: "project", columns: columns.map(({ name, type }) => ({ name: renamed.get(name) ?? name, value: { op: "column", name, type } })) },
      [input],
      { ...input.schema, kind: "table", columns: made },
    );
  },
});
