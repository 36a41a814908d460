/** Without this file tables could not be put one below the other. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Schema } from "../ops/schema.ts";
import { pipelines } from "./args.ts";
import { agree, editsIn } from "./lowering/edited.ts";
import { stage, type Lowering } from "./stage.ts";

export const concat = stage({
  name: "concat",
  doc: "Put tables with the same columns one below the other",
  category: "tables",
  args: { tables: pipelines({ named: false, doc: "Relations, separated by commas" }) },
  input: ["table", "features"],
  inputOptional: true,
  groups: "refused",
  examples: [{ title: "Both samples", query: "concat (sample perfect 2), (sample non_perfect 2) | select matching_tokens" }],
  alsoCalled: ["append", "bind_rows", "rbind"],
  searchTerms: ["union all"],
  lower: (context, { tables }) => {
    const inputs = [...(context.hasInput ? [context.input] : []), ...tables.map(({ plan }) => plan)];
    const first = inputs[0];
    if (first === undefined) return null;
    const shape = (schema: typeof first.schema): string => schema.columns.map(({ name, type }) => `${name}: ${type}`).join(", ");
    for (const other of inputs.slice(1)) {
      if (other.schema.known && first.schema.known && shape(other.schema) !== shape(first.schema)) {
        context.report({ code: "unlike-tables", message: "these tables do not have the same columns", span: context.at("tables"), notes: [`one has ${shape(first.schema)}`, `another has ${shape(other.schema)}`], ...selected(context, inputs.map(({ schema }) => schema)) });
        return null;
      }
    }
    if (!agree(context, "these tables", "tables", inputs.map(({ schema }) => editsIn(schema)))) return null;
    return context.node({ op: "concat" }, inputs, { ...first.schema, kind: "table" });
  },
});

/** The columns that all of them have, chosen from each; nothing where there are none. */
function selected(context: Lowering, schemas: readonly Schema[]): Pick<Diagnostic, "help"> {
  const [first, ...others] = schemas;
  const shared = (first?.columns ?? []).filter(({ name, type }) => others.every(({ columns }) => columns.some((column) => column.name === name && column.type === type)));
  if (shared.length === 0) return {};
  const select = `select ${shared.map(({ name }) => printColumn(name)).join(", ")}`;
  const members = context.members("tables").map((member) => `(${member.startsWith("(") ? member.slice(1, -1).trim() : member} | ${select})`);
  return { help: `${context.hasInput ? `${select} | ` : ""}concat ${members.join(", ")}` };
}
