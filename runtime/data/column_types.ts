/** Without this file each reader would check in its own way which types its user asked for. */
import type { ScalarType } from "../../src/ops/schema.ts";
import { DataError } from "./error.ts";
import { nearNames } from "./near.ts";

/** The types asked for by column. Throws `unknown-column` with near names, `unknown-type`. */
export function askedTypes(path: string, names: readonly string[], types: Readonly<Record<string, string>>): Map<string, ScalarType> {
  const asked = new Map<string, ScalarType>();
  for (const [name, type] of Object.entries(types)) {
    refuseUnknown(path, name, names);
    if (type !== "int" && type !== "float" && type !== "bool" && type !== "str") {
      throw new DataError({ code: "unknown-type", message: `${type} is not a type of column`, column: name, help: "types are int, float, bool and str." });
    }
    asked.set(name, type);
  }
  return asked;
}

/** Throws `unknown-column` where a file has no such column. */
export function refuseUnknown(path: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const near = nearNames(name, names);
  throw new DataError({ code: "unknown-column", message: `${path} has no column ${name}`, column: name, ...(near.length > 0 ? { help: `did you mean ${near.join(", ")}?` } : {}) });
}
