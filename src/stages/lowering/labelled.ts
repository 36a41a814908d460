/** Without this file each figure of groups would say in its own way which group a row is of. */
import type { Diagnostic } from "../../../grammar/diagnostic.ts";
import { printColumn } from "../../../grammar/print_parts.ts";
import { columnOf, groupColumns, repeatedName, type ColumnSchema } from "../../ops/schema.ts";
import type { Lowering } from "../stage.ts";

/**
 * The columns of a table that a stage makes of its input: first those that name the group of a row, where there are groups, then `made`.
 * `stage` as it would be written behind a `rename`. Null after saying that two of them have one name.
 */
export function labelledColumns(context: Lowering, stage: string, made: readonly ColumnSchema[]): readonly ColumnSchema[] | null {
  const { schema } = context.input;
  const columns = [...groupColumns(schema), ...made];
  const twice = repeatedName(columns);
  if (twice === null) return columns;
  const other = `${twice}_before`;
  const renamed = stage.replaceAll(new RegExp(`(?<= )${twice}\\b`, "g"), other);
  const ofKey = schema.groups !== null && schema.keys?.some(({ name }) => name === twice) === true;
  context.report({
    code: "name-taken",
    message: ofKey ? `\`${stage}\` makes a column \`${twice}\`, and groups are named by a column of that name` : `\`${stage}\` would make two columns \`${twice}\``,
    ...(ofKey ? regrouped(context, twice, renamed) : { label: `\`rename\` comes before it`, fix: context.instead(`rename ${other} = ${twice} | ${renamed}`) }),
  });
  return null;
}

/** The key of the groups under another name, where they are made; as a line to follow where they are made elsewhere. */
function regrouped(context: Lowering, taken: string, rest: string): Pick<Diagnostic, "label" | "fix" | "help"> {
  const other = `${taken}_before`;
  const keys = context.input.schema.keys!.map(({ name }) => printColumn(name === taken ? other : name)).join(", ");
  const text = `rename ${printColumn(other)} = ${printColumn(taken)} | group ${keys}`;
  const fix = context.insteadOf("group", text);
  return fix === null ? { help: `… | ${text} | …${rest === "…" ? "" : ` | ${rest}`}` } : { label: "its column gets another name before `group`", fix };
}

/** Whether the rows of groups can be written with the columns that name the group in front; tells where they cannot. */
export function rowsCanBeLabelled(context: Lowering, stage: string): boolean {
  const { schema } = context.input;
  if (schema.groups === null) return true;
  // A key that is still a column of the rows names their group as it is.
  if (schema.keys !== undefined && schema.kind === "table") return true;
  const taken = groupColumns(schema).find(({ name }) => columnOf(schema, name) !== undefined)?.name;
  if (taken === undefined) return true;
  const other = `${taken}_before`;
  context.report({
    code: "name-taken",
    message: `\`${stage}\` makes a column \`${taken}\`, which says the group of each row, and there is one already`,
    ...(schema.keys === undefined ? { label: "`rename` comes before it", fix: context.instead(`rename ${other} = ${taken} | ${context.written()}`) } : regrouped(context, taken, "…")),
  });
  return false;
}
