/** Without this file rows of groups could lose a column, or what says their group could get another type. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import type { Groups, Table, Value } from "../../runtime/data/frame.ts";
import { keysOf } from "../../runtime/data/group_labels.ts";
import { groupRows } from "../../runtime/data/grouping.ts";
import { cellAt, createColumn, createTable } from "../../runtime/data/table.ts";
import { toTable } from "../../runtime/data/to_table.ts";
import { createTurns } from "../../runtime/turns.ts";
import { acts } from "../render/samples.ts";

const marks = createTable("marks", [
  createColumn("id", "int", [1, 2, 3, 4]),
  createColumn("passed", "bool", [true, null, true, false]),
  createColumn("score", "float", [0.5, 2, 0.5, null]),
]);
const rowsOf = (table: Table): unknown[][] => [table.columns.map(({ name, type }) => `${name}:${type}`), ...Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => cellAt(column, row)))];
const codeOf = (value: Value): unknown => {
  try {
    toTable(value);
    return null;
  } catch (error) {
    return error instanceof DataError && error.code;
  }
};

test("rows of groups made from values have the keys in front, with their types, once", async () => {
  assert.equal(rowsOf(toTable(await groupRows(marks, ["score", "passed"], createTurns()))), [
    ["score:float", "passed:bool", "id:int"],
    [0.5, true, 1],
    [0.5, true, 3],
    [2, null, 2],
    [null, false, 4],
  ]);
});

test("a key that is no column of the rows any more says the group all the same", async () => {
  const groups = await groupRows(marks, ["passed"], createTurns());
  const value: Groups = { ...groups, members: groups.members.map((member) => ({ ...member, value: acts })) };
  const table = toTable(value);
  assert.equal([table.columns[0]!.name, table.columns[0]!.type, cellAt(table.columns[0]!, 0), cellAt(table.columns[0]!, table.rows - 1)], ["passed", "bool", true, false]);
  assert.is(table.rows, 3 * toTable(acts).rows);
});

test("groups of no rows keep the columns that would name them", async () => {
  const none = await groupRows(createTable("none", [createColumn("book", "int", [])]), ["book"], createTurns());
  assert.equal(rowsOf(toTable(none)), [["book:int"]]);
  assert.equal(rowsOf(toTable({ kind: "groups", members: [] })), [["group:str"]]);
  assert.is(keysOf(marks), null);
});

test("a column of the rows is never lost under the name of a group", () => {
  const named: Groups = { kind: "groups", members: [{ name: "a", value: createTable("t", [createColumn("group", "str", ["x"])]) }] };
  assert.is(codeOf(named), "name-taken");
  const keys = [{ name: "token", type: "int" }] as const;
  assert.is(codeOf({ kind: "groups", keys, members: [{ name: "1", keys: [1], value: acts }] }), "name-taken");
});

test.run();
