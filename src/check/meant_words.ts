/** Without this file words that stand where a value, a column or a type is asked for would be refused without saying what they are in saeq. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import type { ScalarType, Schema } from "../ops/schema.ts";
import type { Hint } from "./misplaced.ts";
import { nearest } from "./suggest.ts";

/** Where the words stand. */
interface Around {
  readonly stage: string;
  readonly schema: Schema;
  readonly text: string;
}

/** `csv "x.csv", sep=";"`, as a call has it. */
export function withBlanks(items: readonly Item[], text: string): Hint | null {
  const [first, ...rest] = items;
  if (first === undefined || rest.length === 0 || first.name !== null || rest.some(({ name, order }) => name === null || order !== null)) return null;
  const written = rest.map(({ name, value }) => `${name!.path.join(".")} ${text.slice(value.span.start, value.span.end)}`).join(" ");
  return { label: "write blanks between them", fix: { span: { start: first.span.end, end: rest.at(-1)!.span.end }, text: ` ${written}` } };
}

/** `where a, b`: conditions that all hold are joined by `and`. */
export function allOf({ items, span }: Words, text: string): Hint {
  if (items.some(({ name, order, value }) => name !== null || order !== null || value.kind === "hole")) return {};
  const written = items.map(({ value }) => (value.kind === "binary" && value.op === "or" ? `(${text.slice(value.span.start, value.span.end)})` : text.slice(value.span.start, value.span.end))).join(" and ");
  return { label: "write `and` between them", fix: { span, text: written } };
}

/** `prompts ["a", "b"]`: the texts without their brackets. */
export function unlistedTexts(value: Expr, list: boolean, text: string): Hint {
  if (!list || value.kind !== "list" || value.items.length === 0 || !value.items.every(({ kind }) => kind === "str")) return {};
  return { label: "texts are listed without brackets", fix: { span: value.span, text: value.items.map(({ span }) => text.slice(span.start, span.end)).join(", ") } };
}

/** `select [a, b]`: the names without their brackets. */
export function outOfList({ items, span }: Words, text: string): Hint | null {
  const [item, ...more] = items;
  const list = item !== undefined && more.length === 0 && item.name === null && item.value.kind === "list" ? item.value : null;
  if (list === null || list.items.length === 0 || !list.items.every(({ kind }) => kind === "name")) return null;
  const written = list.items.map((each) => text.slice(each.span.start, each.span.end)).join(", ");
  return { label: `write \`${written}\``, fix: { span, text: written } };
}

/** `"input_text"`, `reference = reference`: the column that is meant; null where there is none of that name. */
export function asColumn({ name, value }: Pick<Item, "name" | "value">, { schema }: Around): Hint | null {
  const meant = value.kind === "str" ? value.value : value.kind === "name" && name !== null && name.path.join(".") === value.path.join(".") ? value.path.join(".") : null;
  if (meant === null || !schema.columns.some((column) => column.name === meant)) return null;
  const text = printColumn(meant);
  return { label: `write \`${text}\``, fix: { span: name === null ? value.span : { start: name.span.start, end: value.span.end }, text } };
}

/** `select "text"`, `select -text`, `agg count`, `rename old = new`: what was meant; null for what is as it should be. */
export function assignedOtherwise(item: Item, words: Words, context: Around): Hint | null {
  const { stage, schema, text } = context;
  const { value, name } = item;
  if (!schema.known) return null;
  const has = (each: string): boolean => schema.columns.some((column) => column.name === each);
  if (name === null && value.kind === "str") return asColumn(item, context);
  if (name === null && stage === "agg" && value.kind === "name" && value.path.length === 1 && !has(value.path[0]!) && value.path[0] === "count") return { label: "write `count = count()`", fix: { span: item.span, text: "count = count()" } };
  if (stage === "rename" && name !== null && value.kind === "name" && has(name.path.join(".")) && !has(value.path.join("."))) {
    const swapped = `${text.slice(value.span.start, value.span.end)} = ${text.slice(name.span.start, name.span.end)}`;
    return { label: `the new name stands first: \`${swapped}\``, fix: { span: item.span, text: swapped } };
  }
  const dropped = words.items.map((each) => (each.name === null && each.value.kind === "unary" && each.value.op === "-" && each.value.operand.kind === "name" && has(each.value.operand.path.join(".")) ? printColumn(each.value.operand.path.join(".")) : null));
  const start = text.lastIndexOf("select", words.span.start);
  return stage !== "select" || start < 0 || dropped.some((each) => each === null) ? null : { label: "`drop` leaves columns out", fix: { span: { start, end: words.span.end }, text: `drop ${dropped.join(", ")}` } };
}

/** `split kind`, `split 64`, `split perfect_match`: what was meant where conditions with names are asked for. */
export function asConditions(item: Item, { column, type }: { readonly column: string | null; readonly type: ScalarType | "null" }, words: Words, { stage, schema, text }: Around): Hint {
  const alone = words.items.length === 1;
  const start = text.lastIndexOf(stage, item.span.start - 1);
  if (column !== null && type === "bool") {
    const [is, not] = [printColumn(column), printColumn(`not_${column}`)];
    const written = `${is} = ${is}${alone ? `, ${not} = not ${is}` : ""}`;
    return { label: `write \`${written}\``, fix: { span: item.span, text: written } };
  }
  if (column !== null) {
    const written = `group ${printColumn(column)}`;
    return alone && start >= 0 ? { label: "`group` makes a group of each value", fix: { span: { start, end: words.span.end }, text: written } } : { help: written };
  }
  const own = text.slice(item.value.span.start, item.value.span.end);
  const numbers = type === "int" || type === "float";
  const like = schema.columns.find((each) => (numbers ? each.type === "int" || each.type === "float" : each.type === type));
  const to = like === undefined ? "<column>" : printColumn(like.name);
  const help = numbers ? `${stage} low = ${to} < ${own}, high = ${to} >= ${own}` : `${stage} a = ${to} == ${own}, b = ${to} != ${own}`;
  return { help, ...(type === "int" ? { notes: [`texts are cut into pieces of so many tokens by \`chunk ${own}\`, and rows are drawn by \`sample ${own}\``] } : {}) };
}

/** What is written there; a text in quotes that is a column is that column. */
export function nameOr(at: Expr, { stage, schema, text }: Around): string {
  const meant = at.kind !== "str" ? null : (schema.columns.find(({ name }) => name === at.value)?.name ?? nearest(at.value, schema.columns.map(({ name }) => name)));
  return meant !== null ? printColumn(meant) : at.kind === "str" && stage === "rename" ? "<column>" : text.slice(at.span.start, at.span.end);
}

/** What other tools call types. */
const TYPE_WORDS: Readonly<Record<string, ScalarType>> = { integer: "int", int64: "int", i64: "int", bigint: "int", number: "float", numeric: "float", double: "float", float64: "float", f64: "float", boolean: "bool", logical: "bool", string: "str", text: "str", varchar: "str", char: "str", character: "str" };

/** The type that a word of another tool means. */
export function typeNamed(word: unknown, span: Span): Hint {
  const key = typeof word === "string" ? word.toLowerCase() : "";
  const meant = Object.hasOwn(TYPE_WORDS, key) ? TYPE_WORDS[key]! : null;
  return meant === null ? {} : { label: `write \`${meant}\``, fix: { span, text: meant } };
}

/** `csv data/runs-2.csv`, which reads as a division: the file in quotes. */
export function unquotedPath({ span }: Expr, text: string): Hint {
  const written = text.slice(span.start, span.end);
  return /^[\p{L}\p{N}_./~-]+\.\w+$/u.test(written) ? { label: "a file stands in quotes", fix: { span, text: JSON.stringify(written) } } : {};
}

/** `prompts Hello world`: bare words where a text stands in quotes; null where other words stand among them. */
export function unquotedText(words: readonly Words[], text: string): Hint | null {
  const [first, last] = [words[0], words.at(-1)];
  const plain = words.every(({ items }) => items.every(({ name, order, value }) => name === null && order === null && value.kind === "name" && !value.quoted));
  if (first === undefined || last === undefined || !plain) return null;
  const written = JSON.stringify(text.slice(first.span.start, last.span.end));
  return { label: `write \`${written}\``, fix: { span: { start: first.span.start, end: last.span.end }, text: written } };
}

/** `blocks.7.hook_resid_post` in quotes, as TransformerLens names a place in the model: the words for it; null for another text. */
export function hookNamed(written: string): string | null {
  const [, layer, name] = /^blocks\.(\d+)\.(?:[a-z0-9_]+\.)?hook_([a-z_]+)$/.exec(written) ?? [];
  return layer === undefined ? null : `layer ${layer} hook ${name}`;
}
