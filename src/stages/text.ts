/** Without this file nobody could say which text the model is to read. */
import { table, type ColumnSchema } from "../ops/schema.ts";
import type { Plan } from "../ops/op.ts";
import { flag, scalar } from "./args.ts";
import { keepColumns } from "./lowering/columns.ts";
import { stage, type Lowering } from "./stage.ts";

const TEXT: ColumnSchema = { name: "text", type: "str" };
const FILE: ColumnSchema = { name: "file", type: "str" };

export const text = stage({
  name: "text",
  doc: "Say which text the model reads: sets the column `text`. At the start of a pipeline: read a file, one text a line, or the `.txt` files directly in a folder, in the order of their names, which are in the column `file`",
  category: "sources",
  args: {
    value: scalar({ doc: "An expression over the columns, or the name of a file or folder at the start of a pipeline" }),
    whole: flag("Each file is one text, instead of one for each line, with its name in the column `file`"),
  },
  input: ["table", "features"],
  inputOptional: true,
  examples: [{ title: "Only the continuation", query: "sample perfect 3 | text generated_continuation_text | tokenize" }],
  searchTerms: ["document", "documents", "read lines", "txt", "folder", "directory", "read_text", "one text per file"],
  lower: (context, { value, whole }) => {
    if (context.hasInput) {
      const { input } = context;
      if (whole) {
        context.report({ code: "wrong-argument", message: "`whole` is for files, at the start of a pipeline", span: context.at("whole"), label: "leave it out", fix: { span: context.at("whole"), text: "" } });
        return null;
      }
      if (value.type !== "str") {
        context.report({ code: "wrong-type", message: `\`text\` needs text, but this is ${value.type}`, span: context.at("value") });
        return null;
      }
      const others = input.schema.columns.filter((column) => column.name !== "text");
      return context.node(
        { op: "project", columns: [...keepColumns(others), { name: "text", value }] },
        [input],
        { ...input.schema, kind: "table", columns: [...others, TEXT] },
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
    const name = value.value;
    const folder = /^(?:(.*)[\\/])?\*(?:\.txt)?$/.exec(name);
    if (folder !== null) {
      context.report({ code: "wrong-argument", message: "there are no patterns for names; a folder stands for its `.txt` files", span: context.at("value"), fix: { span: context.at("value"), text: JSON.stringify(folder[1] ?? ".") } });
      return null;
    }
    const path = context.file(name, "value");
    const names = context.textFiles(path, "value");
    if (names === null) return null;
    if (names === "file") return read(context, path, whole ? path.replace(/^.*[\\/]/, "") : null, whole);
    const parts = names.map((each) => read(context, context.file(`${name.replace(/[\\/]+$/, "")}/${each}`, "value"), each, whole));
    if (parts.some((part) => part === null)) return null;
    return parts.length === 1 ? parts[0]! : context.node({ op: "concat" }, parts as readonly Plan[], parts[0]!.schema);
  },
});

/** One file; with `file`, that name stands in a column before its texts. */
function read(context: Lowering, path: string, file: string | null, whole: boolean): Plan | null {
  const lenient = whole ? ({ whole: "file" } as const) : undefined;
  const facts = context.table(path, "", {}, "text", lenient);
  if (facts === null) return null;
  const texts = context.node({ op: "read", format: "text", path, digest: facts.digest, separator: "", types: {}, ...(lenient === undefined ? {} : { lenient }) }, [], table([TEXT]));
  if (file === null) return texts;
  return context.node({ op: "project", columns: [{ name: "file", value: { op: "literal", value: file, type: "str" } }, ...keepColumns([TEXT])] }, [texts], table([FILE, TEXT]));
}
