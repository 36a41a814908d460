/** Without this file nobody could say which text the model is to read. */
import { table } from "../ops/schema.ts";
import { scalar } from "./args.ts";
import { keepColumns } from "./lowering/columns.ts";
import { stage } from "./stage.ts";

export const text = stage({
  name: "text",
  doc: "Say which text the model reads: sets the column `text`. At the start of a pipeline: read a file, one text a line",
  category: "sources",
  args: { value: scalar({ doc: "An expression over the columns, or a file name at the start of a pipeline" }) },
  input: ["table", "features"],
  inputOptional: true,
  examples: [{ title: "Only the continuation", query: "sample perfect 3 | text generated_continuation_text | tokenize" }],
  searchTerms: ["document", "read lines"],
  lower: (context, { value }) => {
    if (context.hasInput) {
      const { input } = context;
      if (value.type !== "str") {
        context.report({ code: "wrong-type", message: `\`text\` needs text, but this is ${value.type}`, span: context.at("value") });
        return null;
      }
      const others = input.schema.columns.filter((column) => column.name !== "text");
      return context.node(
        { op: "project", columns: [...keepColumns(others), { name: "text", value }] },
        [input],
        { ...input.schema, kind: "table", columns: [...others, { name: "text", type: "str" }] },
      );
    }
    if (value.op !== "literal" || typeof value.value !== "string") {
      context.report({
        code: "wrong-argument",
        message: "at the start of a pipeline `text` reads a file, so it needs a file name in quotes",
        span: context.at("value"),
        help: 'text "passages.txt" | acts layer 7 | top 10',
      });
      return null;
    }
    const path = context.file(value.value, "value");
    const facts = context.table(path, "", {}, "text");
    if (facts === null) return null;
    return context.node({ op: "read", format: "text", path, digest: facts.digest, separator: "", types: {} }, [], table(facts.schema.columns));
  },
});
