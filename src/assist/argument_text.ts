/** Without this file the usage of one argument would be worded differently in hovers and in signatures. */
import { FUNCTIONS } from "../ops/functions.ts";
import type { Arg } from "../stages/args.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";

/** `[by count|mean|max]`: the part of a usage line that one argument is. */
export function usageOf(definition: StageDefinition, argument: string): string {
  const spec = definition.args[argument];
  return spec === undefined ? argument : usage({ ...definition, args: { [argument]: spec } }).slice(definition.name.length + 1);
}

/** The default of an argument as one would write it; null where there is none that could be written. */
export function writtenDefault({ shape, required, depends, default: fallback }: Arg): string | null {
  if (required || depends === true) return null;
  if (typeof fallback === "number" || fallback === true) return String(fallback);
  if (typeof fallback !== "string" || fallback === "") return null;
  return shape.kind === "oneOf" || shape.kind === "column" ? fallback : JSON.stringify(fallback);
}

/** What an argument means, with its default. */
export function argumentDoc(spec: Arg): string {
  const fallback = writtenDefault(spec);
  return fallback === null ? spec.doc : `${spec.doc} (default ${fallback})`;
}

/** `quantile(number, number)`, or null where there is no such function. */
export function functionUsage(name: string): string | null {
  return Object.hasOwn(FUNCTIONS, name) ? `${name}(${FUNCTIONS[name]!.parameters.join(", ")})` : null;
}
