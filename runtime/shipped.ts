/** Without this file nothing could be run before a model was downloaded. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

/** The package's own `examples/`: beside the sources in a working tree, one level up in the published package. */
export const EXAMPLES: string = [new URL("../examples/", import.meta.url), new URL("../../examples/", import.meta.url)]
  .map((url) => fileURLToPath(url))
  .find((path) => existsSync(join(path, "kjv"))) ?? fileURLToPath(new URL("../examples/", import.meta.url));

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
