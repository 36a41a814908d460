/** Without this file tables would be planned and nobody would filter, sort, join or group their rows. */
import type { Op } from "../../src/ops/op.ts";
import { DataError } from "../data/error.ts";
import type { Groups, Table, Value } from "../data/frame.ts";
import { aggregateTable, groupRows, ungroupTable } from "../data/grouping.ts";
import { keysOf, type GroupPart } from "../data/group_labels.ts";
import { joinTables } from "../data/join.ts";
import { labelTable } from "../data/label.ts";
import { distinctRows, filterRows, limitRows, projectColumns, sampleRows, skipRows, sortRows, splitRows } from "../data/rows.ts";
import { concatTables, tableFromRows } from "../data/table.ts";
import { MOST_CELLS, MOST_ROWS } from "../data/table_limits.ts";
import type { OpWork } from "./execute_context.ts";
import { asTable, each, expectSingle, members } from "./members.ts";
import { withoutValue } from "./without_value.ts";

type TableOp = Op & { readonly op: "read" | "literal" | "filter" | "project" | "sort" | "limit" | "skip" | "distinct" | "join" | "label" | "sample" | "split" | "group" | "member" | "group_by" | "ungroup" | "aggregate" | "concat" };

/** The value of an op on rows. @throws DataError */
export async function applyToTables(op: TableOp, { plan, inputs, context, turns }: OpWork): Promise<Value> {
  const input = inputs[0]!;
  const undefinedValues = (operation: string, rows: number): void => context.onNotice(withoutValue(plan.label, operation, rows));
  const parts = (): GroupPart[] => (input.kind === "groups" ? input.members.map(({ name, keys, value }) => ({ name, keys, table: asTable(value) })) : [{ name: null, table: asTable(input) }]);
  switch (op.op) {
    case "read":
      return context.catalog.table(op);
    case "literal":
      return tableFromRows(op.columns, op.rows, "prompts");
    case "filter":
      return each(input, (table) => filterRows(asTable(table), op.predicate, turns, undefinedValues));
    case "project":
      return each(input, (table) => projectColumns(asTable(table), op.columns, turns, undefinedValues));
    case "sort":
      return each(input, (table) => sortRows(asTable(table), op.keys, turns));
    case "limit":
      return each(input, (table) => limitRows(asTable(table), op.count));
    case "skip":
      return each(input, (table) => skipRows(asTable(table), op.count));
    case "distinct":
      return each(input, (table) => distinctRows(asTable(table), op.by, turns));
    case "join": {
      const right = asTable(expectSingle(inputs[1]!));
      return each(input, (table) => joinTables(asTable(table), right, op, turns));
    }
    case "label": {
      const names = asTable(expectSingle(inputs[1]!));
      const groups = members(input).map(({ name }) => name);
      return each(input, async (table) => {
        const { labelled, notices } = await labelTable(asTable(table), names, { ...op, group: groups.shift() ?? null }, turns);
        for (const notice of notices) context.onNotice(`${plan.label}: ${notice}`);
        return labelled;
      });
    }
    case "sample":
      return each(input, (single) => {
        const table = asTable(single);
        if (table.rows < op.count) context.onNotice(`${plan.label}: there are only ${table.rows} rows, and all of them are taken`);
        return sampleRows(table, op.count, op.stream, turns);
      });
    case "split": {
      const { groups, unmatched, shared } = await splitRows(asTable(expectSingle(input)), op.parts, turns, undefinedValues);
      if (unmatched > 0) context.onNotice(`${plan.label}: ${unmatched} rows are in no group`);
      if (shared > 0) context.onNotice(`${plan.label}: ${shared} rows are in more than one group`);
      return groups;
    }
    case "group": {
      const value: Groups = { kind: "groups", members: op.names.map((name, i) => ({ name, value: expectSingle(inputs[i]!) })) };
      return value;
    }
    case "member":
      return members(input)[op.index]!.value;
    case "group_by":
      return groupRows(asTable(expectSingle(input)), op.keys, turns);
    case "ungroup":
      return ungroupTable(parts(), plan.inputs[0]!.schema.columns.map(({ name }) => name), keysOf(input), plan.inputs[0]!.schema.kind === "table");
    case "aggregate":
      return aggregateTable(parts(), op.columns, keysOf(input), turns, undefinedValues);
    case "concat":
      return concatTables(notTooMany(inputs.map((value) => asTable(expectSingle(value)))));
    default:
      return op satisfies never;
  }
}

/** Tables to be put below one another. @throws DataError `too-many-rows` */
function notTooMany(tables: readonly Table[]): readonly Table[] {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const columns = tables[0]?.columns.length ?? 0;
  if (rows <= MOST_ROWS && rows * columns <= MOST_CELLS) return tables;
  throw new DataError({ code: "too-many-rows", message: `this concat would have ${rows.toLocaleString("en")} rows of ${columns} columns, and ${Math.min(MOST_ROWS, Math.floor(MOST_CELLS / columns)).toLocaleString("en")} at most can be made`, help: "count or agg each of them first, or select fewer columns" });
}
