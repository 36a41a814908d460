/** Without this file features would be numbers in every table, whatever somebody has found out about them. */
import { counted } from "../counted.ts";
import type { Turns } from "../turns.ts";
import { layerOfSource, ofAnother, type FeaturesOf } from "../../src/ops/names_of.ts";
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
  /** Whether rows of another layer than the one that the source of the labels names have none. */
  readonly bySource: boolean;
  /** The SAEs that the features are of, where that is known. */
  readonly saes: readonly FeaturesOf[];
  /** A row for each label of a feature, else the first. */
  readonly all: boolean;
  /** The group that the rows are of, for notices; null for the whole. */
  readonly group: string | null;
}

/**
 * The rows with a column of labels behind the others; null where a feature has none. `names` has columns `feature`, which may be text, `label` and with `layered` `layer`; a row without
 * a label or a feature says nothing, and a column `source` holds one value. Notices: how many features have a label, how many have several, and which names are of none.
 * @throws DataError `too-many-rows`; `type-mismatch` where no name is of a number; `wrong-argument` where there are several sources, or one of another SAE than the features
 */
export async function labelTable(table: Table, names: Table, { of, as, layered, bySource, saes, all, group }: Labelling, turns: Turns): Promise<{ readonly labelled: Table; readonly notices: readonly string[] }> {
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
  const source = sourceOf(names);
  const another = source === null ? null : ofAnother(source, saes);
  if (another !== null) throw new DataError({ code: "wrong-argument", message: `the names are ${another}`, column: "layer", notes: ["feature numbers of one SAE say nothing about another"] });
  const onlyLayer = bySource && source !== null ? layerOfSource(source) : null;
  const layerHere = onlyLayer === null ? null : columnNamed(table, "layer");
  const others = new Set<string>();
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
    const layer = layerHere === null ? null : cellAt(layerHere, row);
    const elsewhere = layerHere !== null && layer !== onlyLayer;
    const found = key === null || elsewhere ? undefined : known.get(key);
    if (key !== null) asked.add(layerHere === null ? key : `${layer}:${key}`);
    if (key !== null && elsewhere) others.add(`${layer}:${key}`);
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
    asked.size === 0 ? `there is no feature${within} to be named` : `${named.size} of ${counted(asked.size, "feature")}${within} ${named.size === 1 || asked.size === 1 ? "has" : "have"} a label`,
    ...(others.size === 0 ? [] : [`the names are of layer ${onlyLayer}, and ${counted(others.size, "feature")}${within} ${others.size === 1 ? "is" : "are"} of another`]),
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

/** The one source of all labels, since numbers of features mean nothing across SAEs; null where none is said. */
function sourceOf(names: Table): string | null {
  const source = findColumn(names, "source");
  if (source === undefined || source.type !== "str") return null;
  const sources = new Set<string>();
  for (let row = 0; row < names.rows && sources.size < 2; row++) if (source.valid === null || source.valid[row] === 1) sources.add(source.values[row]!);
  const [first, second] = sources;
  if (second === undefined) return first ?? null;
  throw new DataError({ code: "wrong-argument", message: `the names are of several SAEs, and feature numbers are of one: ${first}, ${second}`, column: "layer", help: `label from (… | where layer == ${JSON.stringify(first)})` });
}
