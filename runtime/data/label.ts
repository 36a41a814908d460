/** Without this file features would be numbers in every table, whatever somebody has found out about them. */
import { counted } from "../counted.ts";
import type { Turns } from "../turns.ts";
import { DataError } from "./error.ts";
import type { Cell, Table } from "./frame.ts";
import { MOST_ROWS } from "./table_limits.ts";
import { cellAt, columnNamed, createColumn, findColumn } from "./table.ts";
import { takeRowsInTurns } from "./take_rows_in_turns.ts";

export interface Labelling {
  /** The column of the table that names a feature. */
  readonly of: string;
  /** The column that is made. */
  readonly as: string;
  /** Whether labels are of a layer too. */
  readonly layered: boolean;
  /** A row for each label of a feature, else the first. */
  readonly all: boolean;
  /** The group that the rows are of, for notices; null for the whole. */
  readonly group: string | null;
}

/**
 * The rows with a column of labels behind the others; null where a feature has none. `names` has columns `feature`, which may be text, `label` and with `layered` `layer`; a row without
 * a label or a feature says nothing, and a column `source` holds one value. Notices: how many features have a label, how many have several, and which names are of none.
 * @throws DataError `too-many-rows`; `type-mismatch` where no name is of a number; `wrong-argument` where there are several sources
 */
export async function labelTable(table: Table, names: Table, { of, as, layered, all, group }: Labelling, turns: Turns): Promise<{ readonly labelled: Table; readonly notices: readonly string[] }> {
  const keyOf = (rows: Table, feature: string): ((row: number) => string | null) => {
    const columns = [columnNamed(rows, feature), ...(layered ? [columnNamed(rows, "layer")] : [])];
    return (row) => {
      const cells = columns.map((column) => cellAt(column, row));
      if (typeof cells[0] === "string") cells[0] = numberIn(cells[0]) ?? NO_NUMBER;
      return cells.includes(null) ? null : cells.join(":");
    };
  };
  const known = new Map<string, string[]>();
  const [labels, nameKey] = [columnNamed(names, "label"), keyOf(names, "feature")];
  const strange = { count: 0, first: -1 };
  for (let row = 0; row < names.rows; row++) {
    if (turns.due()) await turns.pass(row / names.rows);
    const [key, label] = [nameKey(row), cellAt(labels, row)];
    if (key === null || label === null) continue;
    if (key.startsWith(NO_NUMBER)) {
      if (strange.count++ === 0) strange.first = row;
      continue;
    }
    const here = known.get(key);
    if (here === undefined) known.set(key, [String(label)]);
    else if (!here.includes(String(label))) here.push(String(label));
  }
  requireOneSource(names);
  const odd = strange.count === 0 ? "" : `row ${strange.first + 1} holds ${JSON.stringify(String(cellAt(columnNamed(names, "feature"), strange.first)).slice(0, 40))}`;
  if (strange.count > 0 && known.size === 0) throw new DataError({ code: "type-mismatch", message: `no name is of a feature, which is a whole number: ${odd}`, column: "feature", help: "label … key <column>" });
  const asked = new Set<string>();
  const named = new Set<string>();
  const several = new Set<string>();
  const rows: number[] = [];
  const cells: Cell[] = [];
  const rowKey = keyOf(table, of);
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const key = rowKey(row);
    const found = key === null ? undefined : known.get(key);
    if (key !== null) asked.add(key);
    if (key !== null && found !== undefined) named.add(key);
    if (key !== null && found !== undefined && found.length > 1) several.add(key);
    const given = found === undefined ? [null] : all ? found : found.slice(0, 1);
    for (const label of given) {
      rows.push(row);
      cells.push(label);
    }
    if (rows.length > MOST_ROWS) throw new DataError({ code: "too-many-rows", message: `with all labels there would be more than ${MOST_ROWS.toLocaleString("en")} rows`, help: "leave `all` out" });
  }
  const same = rows.length === table.rows;
  const base = same ? table : await takeRowsInTurns(table, rows, turns);
  const windows = same ? table.windows?.map((window, row) => (typeof cells[row] === "string" ? { ...window, label: cells[row] } : window)) : undefined;
  const labelled: Table = { ...base, columns: [...base.columns, createColumn(as, "str", cells)], ...(windows === undefined ? {} : { windows }) };
  const within = group === null ? "" : ` in ${group}`;
  const notices = [
    ...(strange.count === 0 ? [] : [`${counted(strange.count, "name")} ${strange.count === 1 ? "is" : "are"} of no feature, which is a whole number: ${odd}`]),
    `${named.size} of ${counted(asked.size, "feature")}${within} ${named.size === 1 || asked.size === 1 ? "has" : "have"} a label`,
    ...(several.size === 0 ? [] : [`${counted(several.size, "feature")}${within} ${several.size === 1 ? "has" : "have"} several labels${all ? ", each in a row of its own" : ", and the first is taken; with `all` each has a row"}`]),
  ];
  return { labelled, notices };
}

/** A key of what is no number; no number begins so. */
const NO_NUMBER = "text";

/** The whole number that a text is, as Neuronpedia's exports write them; null where it is none. */
function numberIn(text: string): string | null {
  return /^\s*0*(\d+)\s*$/.exec(text)?.[1] ?? null;
}

/** Numbers of features mean nothing across SAEs. */
function requireOneSource(names: Table): void {
  const source = findColumn(names, "source");
  if (source === undefined || source.type !== "str") return;
  const sources = new Set<string>();
  for (let row = 0; row < names.rows && sources.size < 2; row++) if (source.valid === null || source.valid[row] === 1) sources.add(source.values[row]!);
  if (sources.size < 2) return;
  const [first, second] = sources;
  throw new DataError({ code: "wrong-argument", message: `the names are of several SAEs, and feature numbers are of one: ${first}, ${second}`, column: "layer", help: `label from (… | where layer == ${JSON.stringify(first)})` });
}
