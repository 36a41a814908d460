/** Without this file the usage of one argument would be worded differently in hovers and in signatures. */
import { FUNCTIONS } from "../ops/functions.ts";
import type { Arg } from "../stages/args.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";

/** `[by count|mean|max]`: the part of a usage line that one argument is. */
export function usageOf(definition: StageDefinition, argument: string): string {
  const spec = definition.args[argument];
  return spec === undefined ? argument : usage({ ...definition, args: { [argument]: spec } }).slice(definition.name.length + 1);
}

/** What an argument means, with its default. */
export function argumentDoc({ doc, required, default: fallback }: Arg): string {
  return required || fallback === null || fallback === false ? doc : `${doc} (default ${JSON.stringify(fallback)})`;
}

/** `quantile(number, number)`, or null where there is no such function. */
export function functionUsage(name: string): string | null {
  return Object.hasOwn(FUNCTIONS, name) ? `${name}(${FUNCTIONS[name]!.parameters.join(", ")})` : null;
}
