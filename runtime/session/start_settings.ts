/** Without this file a session and the language server might start from different settings. */
import { randomInt } from "node:crypto";
import { SETTINGS } from "../../src/check/settings.ts";
import type { Settings } from "../../src/stages/stage.ts";
import { SHIPPED } from "../catalog/shipped.ts";

/** The settings in which nothing was `set`, but for the seed, which each session draws. */
export const START: Settings = {
  seed: "0",
  seedGiven: false,
  model: SHIPPED,
  modelGiven: false,
  sae: [SHIPPED],
  saesOfModels: {},
  convention: "auto",
  guard: true,
  bos: null,
  threshold: 0,
  long: "error",
  lanes: null,
  threads: null,
  batch: null,
  memory: null,
  encode: "auto",
  cache: "disk",
  ep: "auto",
  dtype: null,
  precision: 4,
};

/**
 * The settings of a session that begins with these, and with a seed of its own where none is given.
 * @throws RangeError for a value that the setting does not take
 */
export function settingsFrom(given: Readonly<Record<string, string>>): Settings {
  let settings: Settings = { ...START, seed: String(randomInt(1_000_000)) };
  for (const [name, word] of Object.entries(given)) {
    const spec = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (spec === undefined) throw new Error(`no setting ${name}`);
    const value = word === "true" ? true : word === "false" ? false : word.trim() !== "" && Number.isFinite(Number(word)) ? Number(word) : word;
    const next = spec.apply(settings, name === "sae" ? word.split(",") : [value]);
    if (next === null) throw new RangeError(`${name} takes ${spec.value}${spec.range === undefined ? "" : `, ${spec.range}`}`);
    settings = next;
  }
  return settings;
}
