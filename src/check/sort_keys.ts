/** Without this file `sort "score"` and `sort score, ascending=False` would be keys that are the same in every row, and rows would stand unsorted without a word. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { SortKey } from "../ops/op.ts";
import { columnOf, type Schema } from "../ops/schema.ts";
import { bare } from "./constant.ts";
import { bindExpression, type ExpressionContext } from "./expression.ts";
import type { Hint } from "./misplaced.ts";
import { isOfRow } from "./quoted_columns.ts";
import { REWORDED } from "./reworded.ts";
import { error } from "./scope.ts";
import { listed } from "./suggest.ts";

/** The keys that an argument lists, or undefined after reported mistakes. */
export function sortKeys(words: Words, context: ExpressionContext): readonly SortKey[] | undefined {
  const { report, schema } = context;
  const named = words.items.find(({ name }) => name !== null);
  if (named !== undefined) {
    const { start, end } = words.span;
    // `False` is told with what it stands behind.
    report.diagnostics.splice(0, report.diagnostics.length, ...report.diagnostics.filter((told) => !REWORDED.has(told.code) || told.span.start < start || told.span.end > end));
    const text = inKeys(words.items, context);
    return void error(report, named.span, "wrong-argument", `\`sort\` has no \`${named.name!.path.join(".")}\`: columns stand behind it, each with \`asc\` or \`desc\``, text === null ? {} : { label: `write \`${text}\``, fix: { span: words.span, text } });
  }
  const keys: SortKey[] = [];
  let whole = true;
  for (const item of words.items) {
    // `sort -count` reads as descending, as people write it.
    const at = bare(item.value);
    const descending = at.kind === "unary" && at.op === "-";
    const by = bindExpression(descending ? at.operand : item.value, context);
    if (by !== null && schema.known && !isOfRow(by)) {
      error(report, item.value.span, "wrong-argument", "this is the same in every row, so it would sort nothing", columnMeant(at, schema));
      whole = false;
    }
    if (by === null) whole = false;
    else keys.push({ by, descending: descending !== (item.order === "desc") });
  }
  return whole ? keys : undefined;
}

/** `"score"`, and `1` for the first column, as SQL has it. */
function columnMeant(at: Expr, schema: Schema): Hint {
  const column = at.kind === "str" ? columnOf(schema, at.value) : at.kind === "num" && Number.isInteger(at.value) ? schema.columns[at.value - 1] : undefined;
  const notes = [`columns here: ${listed(schema.columns.map(({ name }) => printColumn(name)))}`];
  return column === undefined ? { notes } : { label: `write \`${printColumn(column.name)}\``, fix: { span: at.span, text: printColumn(column.name) } };
}

/** `ascending=False`, `reverse=True`, `order="desc"`: the order, one for each key where they are listed; null for other names. */
export function orderNamed({ name, value }: Pick<Item, "name" | "value">): readonly ("asc" | "desc")[] | null {
  const word = name?.path.join(".").toLowerCase() ?? "";
  const rising = /^(?:asc|ascending|increasing)$/.test(word);
  if (!rising && !/^(?:desc|descending|decreasing|reverse|reversed|order|direction)$/.test(word)) return null;
  const orders = (value.kind === "list" ? value.items : [value]).map((each): "asc" | "desc" | null => {
    const given = each.kind === "bool" ? each.value : each.kind === "name" && /^(?:true|false)$/i.test(each.path.join(".")) ? /^t/i.test(each.path[0]!) : each.kind === "num" && (each.value === 0 || each.value === 1) ? each.value === 1 : null;
    if (given !== null && !/^(?:order|direction)$/.test(word)) return given === rising ? "asc" : "desc";
    const said = each.kind === "str" ? each.value : each.kind === "name" ? each.path.join(".") : "";
    return /^desc/i.test(said) ? "desc" : /^asc/i.test(said) ? "asc" : null;
  });
  return orders.length === 0 || orders.includes(null) ? null : (orders as readonly ("asc" | "desc")[]);
}

/** Columns and orders that stand behind names, as keys; null where one of the names says something else. */
function inKeys(items: readonly Item[], { schema, report }: ExpressionContext): string | null {
  const keys: { readonly text: string; readonly order: string | null }[] = [];
  let orders: readonly string[] = [];
  for (const item of items) {
    const order = item.name === null ? null : orderNamed(item);
    if (order !== null) orders = order;
    else if (item.name === null || /^(?:by|key|keys|on|column|columns|cols|subset)$/i.test(item.name.path.join(".")))
      for (const each of item.value.kind === "list" ? item.value.items : [item.value]) {
        const text = each.kind === "str" && columnOf(schema, each.value) !== undefined ? printColumn(each.value) : report.text.slice(each.span.start, each.span.end);
        keys.push({ text, order: item.order });
      }
    else return null;
  }
  if (keys.length === 0 || (orders.length > 1 && orders.length !== keys.length)) return null;
  return keys.map(({ text, order }, i) => `${text}${(order ?? (orders.length === 1 ? orders[0] : orders[i])) === "desc" ? " desc" : ""}`).join(", ");
}
