/** Without this file each way of computing rows would tell in words of its own where an operation has no value, and none why. */
import { counted } from "../counted.ts";

/** Operations on numbers that are all there, which have no value only where it would be too large. */
const GROWING: ReadonlySet<string> = new Set(["sum", "+", "-", "*"]);

/** What is said of a stage whose operation has no value in some rows. */
export function withoutValue(label: string, operation: string, rows: number): string {
  const why = GROWING.has(operation) ? ", where int ends at 2^53 and float at 1.8e308" : "";
  return `${label}: \`${operation}\` has no value in ${counted(rows, "row")}${why}; ${rows === 1 ? "it is" : "they are"} null`;
}
