/** Without this file a result would be headed `top $k`, and nobody would know how many. */
import { tokenize } from "../../grammar/parse.ts";
import type { ParamValue } from "./scope.ts";

/** A stage as typed, with the values of its params in their place. */
export function spelledOut(label: string, params: ReadonlyMap<string, ParamValue>): string {
  if (!label.includes("$")) return label;
  let out = "";
  let at = 0;
  for (const { kind, span } of tokenize(label)) {
    const value = kind === "param" ? params.get(label.slice(span.start + 1, span.end)) : undefined;
    if (value === undefined) continue;
    out += label.slice(at, span.start) + written(value);
    at = span.end;
  }
  return out + label.slice(at);
}

function written(value: ParamValue): string {
  return Array.isArray(value) ? `[${value.map(written).join(", ")}]` : typeof value === "string" ? JSON.stringify(value) : String(value);
}
