/** Without this file a difference between two values could be announced, but not shown. */
import type { Tier } from "./compare.ts";
import type { FloatDigest } from "./float_digest.ts";
import type { ColumnDigest, PartDigest, ValueDigest } from "./value_digest.ts";

export interface Compared {
  /** What differs by more than the tier allows. */
  readonly what: readonly string[];
  /** What differs by less. */
  readonly allowed: readonly string[];
}

const EQUAL = { relative: 1e-4, absolute: 1e-6 };
const CLOSE = { relative: 1e-2, absolute: 1e-3 };
/** Counts of activations may change by one, or by so large a share. */
const CLOSE_COUNT = 0.02;
/** Integers that name something: these are the same or not. */
const NAMES = new Set(["feature", "layer", "row", "position", "token_id", "token", "token ids", "special", "boundaries and texts cut"]);
const MOST_CELLS = 3;

/** Two values, group by group and column by column. */
export function sameColumns(before: ValueDigest, now: ValueDigest, tier: Tier): Compared {
  if (before.kind !== now.kind) return { what: [`it was ${before.kind}, and is ${now.kind}`], allowed: [] };
  const what: string[] = [];
  const allowed: string[] = [];
  if (before.parts.length !== now.parts.length) what.push(`${before.parts.length} groups, now ${now.parts.length}`);
  before.parts.forEach((part, i) => {
    const other = now.parts[i];
    if (other === undefined) return;
    if (part.group !== other.group) what.push(`group ${part.group ?? "(none)"}, now ${other.group ?? "(none)"}`);
    else ofPart(part, other, tier, part.group === null ? "" : `group ${part.group}: `, what, allowed);
  });
  if (what.length === 0 && tier === "identical") what.push("its digest differs");
  return { what, allowed };
}

function ofPart(part: PartDigest, other: PartDigest, tier: Tier, where: string, what: string[], allowed: string[]): void {
  if (part.rows !== other.rows) return void what.push(`${where}${part.rows} rows, now ${other.rows}`);
  const others = new Map(other.columns.map((column) => [column.name, column]));
  /** Columns that differ in the same way are told together. */
  const alike = new Map<string, string[]>();
  for (const column of part.columns) {
    const now = others.get(column.name);
    if (now === undefined) what.push(`${where}no ${quoted(column.name)} any more`);
    else if (column.type !== now.type) what.push(`${where}${quoted(column.name)} was ${column.type}, and is ${now.type}`);
    else if (column.bits !== now.bits) {
      const told = ofColumn(column, now, tier, other);
      if (told.what !== null) what.push(`${where}${quoted(column.name)} ${told.what}`);
      else if (told.allowed !== null) alike.set(told.allowed, [...(alike.get(told.allowed) ?? []), quoted(column.name)]);
    }
  }
  for (const [told, names] of alike) allowed.push(`${where}${names.join(", ")}: ${told}`);
  for (const { name } of other.columns) if (!part.columns.some((column) => column.name === name)) what.push(`${where}${quoted(name)} is new`);
}

const quoted = (name: string): string => `\`${name}\``;

/** Bits differ: by how much, and whether that is allowed. */
function ofColumn(column: ColumnDigest, now: ColumnDigest, tier: Tier, part: PartDigest): { readonly what: string | null; readonly allowed: string | null } {
  if (column.type === "float" && now.type === "float") {
    const bounds = tier === "close" ? CLOSE : EQUAL;
    const near = (a: number | null, b: number | null): boolean => a === b || (a !== null && b !== null && Math.abs(a - b) <= bounds.absolute + bounds.relative * Math.abs(a));
    if (column.values !== undefined && now.values !== undefined && column.values.length === now.values.length) {
      const told = cells(column.values, now.values, tier === "identical" ? (a, b) => Object.is(a, b) : near, part);
      const most = Math.max(...column.values.map((value, i) => Math.abs((value ?? 0) - (now.values![i] ?? 0))));
      return told === null ? { what: tier === "identical" ? "differs in its last bits" : null, allowed: `apart by ${figure(most)} at most` } : { what: told, allowed: null };
    }
    const figures = (["count", "mean", "sd", "min", "max"] as const).filter((name) => (name === "count" ? (tier === "close" ? !nearCount(column.count, now.count) : column.count !== now.count) : !near(column[name], now[name])));
    const told = figures.map((name) => `${name} ${figure(column[name])}, now ${figure(now[name])}`).join("; ");
    if (tier === "identical") return { what: told === "" ? `differs in bits; ${column.rounded === now.rounded ? "to four digits all its values are the same" : "its count, mean, deviation and range are the same to 1e-4"}` : told, allowed: null };
    // A flip of one activation moves all places behind it: only where none is allowed do places tell anything.
    const moved = told === "" && tier === "equal" ? movedBuckets(column, now) : 0;
    if (moved > 0) return { what: `has other values in other places: its count, mean, deviation and range agree, ${moved} of ${column.sketch?.sums.length ?? 0} sums over places do not`, allowed: null };
    return told === "" ? { what: null, allowed: "other bits; count, mean, deviation and range agree (too many values for a record to hold each)" } : { what: told, allowed: null };
  }
  const numbers = column.type === "int" && column.values !== undefined && now.values !== undefined && column.values.length === now.values.length;
  if (tier !== "close" || column.type !== "int" || NAMES.has(column.name)) return { what: (numbers ? cells(column.values!, now.values!, (a, b) => a === b, part) : null) ?? "differs", allowed: null };
  // Too many integers to hold: the floats beside them are compared.
  if (!numbers) return { what: null, allowed: "other integers, as the floats beside them differ within bounds" };
  const told = cells(column.values!, now.values!, (a, b) => a === b || (a !== null && b !== null && nearCount(a, b)), part);
  return told === null ? { what: null, allowed: `apart by ${Math.max(...column.values!.map((value, i) => Math.abs((value ?? 0) - (now.values![i] ?? 0))))} at most` } : { what: told, allowed: null };
}

/** Sums over places that are further apart than values within the bounds of `equal` can make them. */
function movedBuckets(before: FloatDigest, now: FloatDigest): number {
  if (before.sketch === undefined || now.sketch === undefined) return 0;
  const { sums, sizes } = before.sketch;
  return sums.filter((sum, i) => !(Math.abs(sum - (now.sketch!.sums[i] ?? Number.NaN)) <= EQUAL.absolute * before.count + (EQUAL.relative + 1e-8) * (sizes[i] ?? 0))).length;
}

/** Whether two counts differ by one or by two in a hundred at most. */
export function nearCount(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(1, CLOSE_COUNT * Math.max(a, b));
}

/** The first cells that differ: `row 3: 112, now 113`; null where none does. */
function cells(before: readonly (number | null)[], now: readonly (number | null)[], same: (a: number | null, b: number | null) => boolean, part: PartDigest): string | null {
  const rows = before.flatMap((value, i) => (same(value, now[i] ?? null) ? [] : [i]));
  if (rows.length === 0) return null;
  const listed = rows.slice(0, MOST_CELLS).map((row) => `row ${row + 1}: ${figure(before[row] ?? null)}, now ${figure(now[row] ?? null)}`);
  return `${listed.join("; ")}${rows.length > MOST_CELLS ? `; ${rows.length} of ${part.rows} rows in all` : ""}`;
}

/** A number with as many digits as tell it from another. */
function figure(value: number | null): string {
  return value === null ? "none" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(9)));
}
