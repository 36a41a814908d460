/** Without this file a report would show results, and nothing of what they depend on. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { visible } from "../../grammar/visible.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { modelOf, saesOf } from "../../src/ops/reads_of.ts";
import { plansOf } from "../../src/lint/plans.ts";
import type { Compiled } from "../../src/pipeline.ts";
import { parseJsonObject, type Json, type JsonObject } from "../../runtime/checkpoint/strict_json.ts";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { versions } from "../../runtime/record/machine.ts";
import { FlagError } from "../flag_error.ts";

/** What results depend on, in the order it is shown. */
export interface Provenance {
  /** sha256 of the script's bytes. */
  readonly script: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: string;
  /** Digests by the names in the script. */
  readonly data: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, string>>;
  readonly saes: Readonly<Record<string, string>>;
  readonly seed: { readonly value: string; readonly given: boolean };
  readonly settings: Readonly<Record<string, string>>;
}

/** Settings that change no result, or are told elsewhere. */
const APART = new Set(["seed", "lanes", "batch", "cache"]);

export function provenanceOf(text: string, compiled: Compiled, saeq: string): Provenance {
  const [data, models, saes] = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()];
  const sae = ({ name, digest, convention }: { readonly name: string; readonly digest: string; readonly convention: string }): void => void saes.set(name, `${digest} ${convention}`);
  for (const { op } of plansOf(compiled)) {
    if (op.op === "read") data.set(op.path, op.digest);
    const model = modelOf(op);
    if (model !== null) models.set(model.name, model.digest);
    saesOf(op).forEach(sae);
  }
  const settings = compiled.scope.settings;
  const sorted = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries([...map].map(([name, value]) => [visible(name.replaceAll("\\", "/")), value] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    script: sha256(text),
    versions: versions(saeq),
    platform: `${process.platform} ${process.arch}`,
    data: sorted(data),
    models: sorted(models),
    saes: sorted(saes),
    seed: { value: settings.seed, given: settings.seedGiven },
    settings: Object.fromEntries(Object.entries(SETTINGS).filter(([name]) => !APART.has(name)).map(([name, spec]) => [name, visible(spec.show(settings))])),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** How a run differs from a record of one (`run.json`): the script, and each input by name. @throws FlagError */
export function staleness({ script, data, models, saes }: Provenance, file: string): readonly string[] {
  const record = readRecord(file);
  const written = objectOf(record["script"])?.["sha256"];
  const inputs = objectOf(record["inputs"]);
  if (typeof written !== "string" || inputs === null) throw new FlagError(`${file} is no record of a run: it has no script or no inputs`);
  return [
    ...(written === script ? [] : ["the script is not the one that was recorded"]),
    ...changes("data", objectOf(inputs["data"]), data),
    ...changes("model", objectOf(inputs["models"]), models),
    ...changes("SAE", objectOf(inputs["saes"]), saes),
  ];
}

function changes(what: string, before: JsonObject | null, now: Readonly<Record<string, string>>): readonly string[] {
  const old = before ?? {};
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((name) => {
    const [was, is] = [Object.hasOwn(old, name) ? String(old[name]) : null, now[name] ?? null];
    if (was === is) return [];
    return [`${what} ${visible(name)}: ${was === null ? "not recorded" : `recorded as ${visible(was.slice(0, 12))}`}, ${is === null ? "not read now" : `now ${is.slice(0, 12)}`}`];
  });
}

function readRecord(file: string): JsonObject {
  try {
    return parseJsonObject(readFileSync(file), file);
  } catch (error) {
    throw new FlagError(error instanceof CheckpointError ? error.message : `the record ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function objectOf(value: Json | undefined): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The facts as rows of two, for all formats. */
export function provenanceRows({ script, versions, platform, data, models, saes, seed, settings }: Provenance): readonly (readonly [string, string])[] {
  const named = (what: string, map: Readonly<Record<string, string>>): (readonly [string, string])[] => Object.entries(map).map(([name, value]) => [`${what} ${name}`, value]);
  return [
    ["script", `sha256 ${script}`],
    ...named("data", data),
    ...named("model", models),
    ...named("SAE", saes),
    ["seed", `${visible(seed.value)}${seed.given ? "" : " (chosen by saeq for this run)"}`],
    ["settings", Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(", ")],
    ["versions", Object.entries(versions).map(([name, value]) => `${name} ${value}`).join(", ")],
    ["platform", platform],
  ];
}
