/** Without this file what two tables know of the same thing could not be put side by side. */
import { columnOf, repeatedName, showType, type ColumnSchema } from "../ops/schema.ts";
import { columns, oneOf, pipelines, text } from "./args.ts";
import { agree, editLists, editsIn } from "./lowering/edited.ts";
import { stage } from "./stage.ts";

export const join = stage({
  name: "join",
  doc: "Put rows of another table beside rows with the same key, in the order of the input; null is a value, so a null key matches a null key",
  category: "tables",
  args: {
    other: pipelines({ named: false, doc: "The other table: a name, or a pipeline in brackets" }),
    on: columns({ keyword: true, doc: "Columns that both have and that must agree" }),
    kind: oneOf(["inner", "left", "outer", "semi", "anti"], {
      keyword: true,
      default: "inner",
      alsoCalled: ["how", "type"],
      doc: "Rows that match · and those of the input that do not · and those of the other · only the input's columns of rows that match · of rows that do not",
    }),
    suffix: text({ keyword: true, default: "", doc: "Put behind names of the other table that the input has too" }),
  },
  input: ["table", "features"],
  examples: [
    { title: "How often each score occurs", query: "perfect | join (memorization | count by matching_tokens) on matching_tokens | select matching_tokens, count | take 2" },
    { title: "Rows without a partner", query: "memorization | join perfect on input_text kind anti | count" },
  ],
  alsoCalled: ["merge"],
  searchTerms: ["lookup", "left_join"],
  lower: (context, { other: others, on, kind, suffix }) => {
    const { input } = context;
    const [other, more] = others;
    if (other === undefined || more !== undefined) {
      context.report({ code: "wrong-argument", message: "`join` takes one other table", span: context.at("other"), help: "join a on key | join b on key" });
      return null;
    }
    const left = input.schema;
    const right = other.plan.schema;
    if (!right.known) return null;
    if (right.groups !== null || (right.kind !== "table" && right.kind !== "features")) {
      context.report({ code: "wrong-input", message: `the other side of a \`join\` is a table, not ${showType(right)}`, span: context.at("other") });
      return null;
    }
    // Rows are those of the input, and so is what is done to the model that reads them.
    if (editsIn(right).length > 0 && !agree(context, "these tables", "other", [...editLists(left), editsIn(right)])) return null;
    for (const name of on) {
      const here = columnOf(left, name);
      const there = columnOf(right, name);
      if (here === undefined) return null;
      if (there === undefined) {
        context.report({
          code: "unknown-column",
          message: `the other table has no column \`${name}\``,
          span: context.at("on"),
          notes: [`its columns: ${right.columns.map((column) => column.name).join(", ")}`],
          help: `join (… | rename ${name} = <column>) on ${on.join(", ")}`,
        });
        return null;
      }
      if (!alike(here, there)) {
        context.report({ code: "unlike-types", message: `\`${name}\` is ${here.type} here and ${there.type} in the other table`, span: context.at("on"), notes: ["only values of one kind can be compared; saeq never turns text into numbers by itself"] });
        return null;
      }
    }
    if (kind === "semi" || kind === "anti") return context.node({ op: "join", on, kind, suffix: "" }, [input, other.plan], { ...left, kind: "table" });
    const added = right.columns.filter(({ name }) => !on.includes(name));
    const clashing = new Set(added.filter(({ name }) => columnOf(left, name) !== undefined).map(({ name }) => name));
    if (clashing.size > 0 && suffix === "") {
      context.report({
        code: "name-taken",
        message: `both tables have ${clashing.size === 1 ? "a column" : "columns"} ${[...clashing].map((name) => `\`${name}\``).join(", ")}`,
        span: context.at("other"),
        notes: ["with a suffix, those of the other table get another name"],
        help: `join … on ${on.join(", ")} suffix "_other"`,
      });
      return null;
    }
    const columns = [
      ...left.columns.map((column) => (kind === "outer" && on.includes(column.name) && columnOf(right, column.name)!.type !== column.type ? ({ ...column, type: "float" } as const) : column)),
      ...added.map((column) => (clashing.has(column.name) ? { ...column, name: `${column.name}${suffix}` } : column)),
    ];
    const twice = repeatedName(columns);
    if (twice !== null) {
      context.report({ code: "name-taken", message: `with this suffix there would be two columns named \`${twice}\``, span: context.at("suffix"), help: 'suffix "_other"' });
      return null;
    }
    return context.node({ op: "join", on, kind, suffix }, [input, other.plan], { ...left, kind: "table", columns });
  },
});

function alike(a: ColumnSchema, b: ColumnSchema): boolean {
  const number = ({ type }: ColumnSchema): boolean => type === "int" || type === "float";
  return a.type === b.type || (number(a) && number(b));
}
