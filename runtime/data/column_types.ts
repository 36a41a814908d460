/** Without this file each reader would check in its own way which types its user asked for. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { ScalarType } from "../../src/ops/schema.ts";
import { DataError } from "./error.ts";
import { nearNames } from "./near.ts";

/** The types asked for by column. Throws `unknown-column` with near names, `unknown-type`. */
export function askedTypes(path: string, names: readonly string[], types: Readonly<Record<string, string>>): Map<string, ScalarType> {
  const asked = new Map<string, ScalarType>();
  for (const [name, type] of Object.entries(types)) {
    refuseUnknown(path, name, names, (near) => `types {${Object.entries(types).map(([each, asked]) => `${printColumn(each === name ? near : each)}: ${asked}`).join(", ")}}`);
    if (type !== "int" && type !== "float" && type !== "bool" && type !== "str") {
      throw new DataError({ code: "unknown-type", message: `${type} is not a type of column`, column: name, notes: ["types are int, float, bool and str"], help: `types {${printColumn(name)}: str}` });
    }
    asked.set(name, type);
  }
  return asked;
}

/** Throws `unknown-column` where a file has no such column. `written`: what is asked for, with a near name in its place. */
export function refuseUnknown(path: string, name: string, names: readonly string[], written: (near: string) => string): void {
  if (names.includes(name)) return;
  const near = nearNames(name, names);
  throw new DataError({ code: "unknown-column", message: `${path} has no column ${name}`, column: name, ...(near[0] === undefined ? {} : { notes: near.length === 1 ? [] : [`near: ${near.join(", ")}`], help: written(near[0]) }) });
}
