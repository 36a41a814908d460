/** Without this file what two tables know of the same thing could not be put side by side. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import { columnOf, repeatedName, showType, type ColumnSchema } from "../ops/schema.ts";
import { columns, oneOf, pipelines, text } from "./args.ts";
import { agree, editLists, editsIn } from "./lowering/edited.ts";
import { stage, type Lowering } from "./stage.ts";

export const join = stage({
  name: "join",
  doc: "Put rows of another table beside rows with the same key, in the order of the input; null is a value, so a null key matches a null key",
  category: "tables",
  args: {
    other: pipelines({ named: false, doc: "The other table: a name, or a pipeline in brackets" }),
    on: columns({ keyword: true, alsoCalled: ["using", "by"], doc: "Columns that both have and that must agree" }),
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
      context.report({ code: "wrong-argument", message: "`join` takes one other table", span: context.at("other"), ...oneByOne(context, on, others.length) });
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
          ...renamedThere(context, here, right.columns.filter((column) => !on.includes(column.name)), on),
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
        label: "write a suffix",
        fix: context.instead(`${context.written().trimEnd()} suffix "_other"`),
      });
      return null;
    }
    const columns = [
      ...left.columns.map((column) => (kind === "outer" && on.includes(column.name) && columnOf(right, column.name)!.type !== column.type ? ({ ...column, type: "float" } as const) : column)),
      ...added.map((column) => (clashing.has(column.name) ? { ...column, name: `${column.name}${suffix}` } : column)),
    ];
    const twice = repeatedName(columns);
    if (twice !== null) {
      context.report({ code: "name-taken", message: `with this suffix there would be two columns named \`${twice}\``, span: context.at("suffix"), help: `suffix "${freeSuffix(left.columns, right.columns)}"` });
      return null;
    }
    return context.node({ op: "join", on, kind, suffix }, [input, other.plan], { ...left, kind: "table", columns });
  },
});

/** The other table with one of its columns under the name of the key, where one has its type. */
function renamedThere(context: Lowering, here: ColumnSchema, columns: readonly ColumnSchema[], on: readonly string[]): Pick<Diagnostic, "help"> {
  const meant = columns.find((column) => alike(here, column));
  const other = context.written("other");
  const inner = other.startsWith("(") ? other.slice(1, -1).trim() : other;
  const clashes = columns.some((column) => column !== meant && columnOf(context.input.schema, column.name) !== undefined);
  return meant === undefined ? {} : { help: `join (${inner} | rename ${printColumn(here.name)} = ${printColumn(meant.name)}) on ${on.map(printColumn).join(", ")}${clashes ? ' suffix "_other"' : ""}` };
}

/** One `join` after the other, each with a suffix of its own. */
function oneByOne(context: Lowering, on: readonly string[], count: number): Pick<Diagnostic, "help"> {
  const others = context.members("other");
  return others.length !== count ? {} : { help: others.map((other, i) => `join ${other} on ${on.map(printColumn).join(", ")} suffix "_${i + 2}"`).join(" | ") };
}

/** A suffix that makes no column of a name that is there. */
function freeSuffix(left: readonly ColumnSchema[], right: readonly ColumnSchema[]): string {
  const taken = new Set([...left, ...right].map(({ name }) => name));
  let suffix = "_other";
  while (right.some(({ name }) => taken.has(`${name}${suffix}`))) suffix += "_2";
  return suffix;
}

function alike(a: ColumnSchema, b: ColumnSchema): boolean {
  const number = ({ type }: ColumnSchema): boolean => type === "int" || type === "float";
  return a.type === b.type || (number(a) && number(b));
}
