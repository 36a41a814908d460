/** Without this file nothing could be run before a model was downloaded. */
import { join } from "node:path";
import { packageRoot } from "../package_root.ts";

/** The package's own `examples/`. */
export const EXAMPLES: string = join(packageRoot(), "examples", "/");

/** The name under which the shipped model and its SAE are known. */
export const SHIPPED = "kjv";

const FOLDERS: Readonly<Record<"model" | "sae", Readonly<Record<string, string>>>> = {
  model: { [SHIPPED]: join(EXAMPLES, "kjv", "model") },
  sae: { [SHIPPED]: join(EXAMPLES, "kjv", "sae") },
};

/** The folder of a registry name, or null where there is no such name. */
export function registered(kind: "model" | "sae", name: string): string | null {
  const names = FOLDERS[kind];
  return Object.hasOwn(names, name) ? names[name]! : null;
}

/** The names that `registered` knows. */
export function registeredNames(kind: "model" | "sae"): readonly string[] {
  return Object.keys(FOLDERS[kind]);
}

/** The standard modules, in the language itself. `std:memorization` is open in every session, hidden by a `let` of the same name. */
export const STANDARD_MODULES: Readonly<Record<string, string>> = {
  memorization: `
let memorization = csv "std:memorization_results_L50_O50.csv"
let perfect      = memorization | where perfect_match
let non_perfect  = memorization | where not perfect_match and matching_tokens == 0
`,
};

/** `std:x` names a file that ships with saeq. */
export const STANDARD_PREFIX = "std:";
