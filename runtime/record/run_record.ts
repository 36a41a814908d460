/** Without this file a run would leave results, and nothing that says how they came about. */
import { createHash } from "node:crypto";
import { basename, isAbsolute } from "node:path";
import { homedir } from "node:os";
import { parse } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import type { Settings } from "../../src/stages/stage.ts";
import { engineFacts, platform, versions, type EngineFacts, type Platform } from "./machine.ts";
import type { StatementRecord } from "./observed.ts";
import { portable, type Used } from "./used.ts";

/** The record of one run. `machine` and what stands in it may differ between machines; all else is compared by `saeq verify`. No times, no names of users, machines or home folders. */
export interface RunRecord {
  readonly record: 1;
  readonly script: { readonly name: string; readonly sha256: string; /** Of the script as `saeq fmt` writes it. */ readonly canonical: string };
  readonly lock: string | null;
  /** As typed; `given`: on the command line, where it is not the default of the script. */
  readonly params: Readonly<Record<string, { readonly value: string; readonly given: boolean }>>;
  readonly seed: { readonly value: string; /** False: saeq chose it. */ readonly given: boolean };
  /** Effective, after the last statement. */
  readonly settings: Readonly<Record<string, string>>;
  /** Settings that were given as flags. */
  readonly flags: Readonly<Record<string, string>>;
  readonly inputs: {
    readonly data: Readonly<Record<string, string>>;
    readonly models: Readonly<Record<string, string>>;
    readonly saes: Readonly<Record<string, string>>;
    readonly modules: Readonly<Record<string, string>>;
  };
  readonly statements: readonly StatementRecord[];
  readonly outputs: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  readonly permissions: { readonly read: readonly string[]; readonly write: readonly string[]; readonly net: readonly string[] };
  readonly warnings: readonly string[];
  readonly machine: { readonly versions: Readonly<Record<string, string>>; readonly platform: Platform; readonly engine: EngineFacts | null };
}

/** What a run knows of itself when it is over. */
export interface RunFacts {
  readonly name: string;
  readonly text: string;
  readonly saeq: string;
  readonly lock: string | null;
  readonly params: RunRecord["params"];
  readonly settings: Settings;
  readonly flags: Readonly<Record<string, string>>;
  readonly used: Used;
  readonly modules: Readonly<Record<string, string>>;
  readonly statements: readonly StatementRecord[];
  readonly outputs: RunRecord["outputs"];
  readonly permissions: RunRecord["permissions"];
  readonly warnings: readonly string[];
  /** Of a statement that ran the model; null where none did. */
  readonly engine: Parameters<typeof engineFacts>[0] | null;
}

/** Settings that change no result, or are told elsewhere. */
const APART = new Set(["seed", "lanes", "batch", "cache", "precision", "encode"]);

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

/** sha256 of the script as `saeq fmt` writes it, so that blanks and line ends make no other script. */
function canonicalDigest(text: string): string {
  return sha256(print(parse(text).script));
}

export function runRecord(run: RunFacts): RunRecord {
  const { used, settings } = run;
  const digests = <T>(map: ReadonlyMap<string, T>, of: (each: T) => string): Record<string, string> => Object.fromEntries([...map].map(([name, each]) => [name, of(each)]));
  return withoutPlaces({
    record: 1,
    script: { name: run.name, sha256: sha256(run.text), canonical: canonicalDigest(run.text) },
    lock: run.lock,
    params: run.params,
    seed: { value: settings.seed, given: settings.seedGiven },
    settings: Object.fromEntries(Object.entries(SETTINGS).filter(([name]) => !APART.has(name)).map(([name, spec]) => [name, spec.show(settings)])),
    flags: run.flags,
    inputs: {
      data: digests(used.data, ({ digest }) => digest),
      models: digests(used.models, ({ digest }) => digest),
      saes: digests(used.saes, ({ digest, convention }) => `${digest} ${convention}`),
      modules: run.modules,
    },
    statements: run.statements,
    outputs: run.outputs,
    permissions: run.permissions,
    warnings: run.warnings,
    machine: { versions: versions(run.saeq), platform: platform(), engine: run.engine === null ? null : engineFacts(run.engine, { ep: settings.ep, dtype: settings.dtype ?? "auto" }) },
  });
}

/** Absolute paths say who ran something and where: home folders become `~`, other places keep their last name only. */
function withoutPlaces<T>(value: T): T {
  const homes = [...new Set([process.env["HOME"] ?? "", homedir()])].filter((home) => home.length > 1);
  const clean = (text: string): string => {
    let cleaned = text;
    for (const home of homes) cleaned = cleaned.replaceAll(new RegExp(`${home.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?=[\\/"'\\s]|$)`, "g"), "~");
    if (isAbsolute(cleaned)) return `…/${basename(cleaned)}`;
    return cleaned.replaceAll(/(["'`])(?:~|\/|[A-Za-z]:[\\/])[^"'`]*[\\/]([^"'`\\/]+)\1/g, "$1…/$2$1");
  };
  const visit = (each: unknown): unknown => {
    if (typeof each === "string") return clean(each);
    if (Array.isArray(each)) return each.map(visit);
    if (typeof each === "object" && each !== null) return Object.fromEntries(Object.entries(each).map(([name, inner]) => [clean(name), visit(inner)]));
    return each;
  };
  return visit(value) as T;
}

/** The name of the record of a script: `memorization.run.json`. */
export function recordName(script: string): string {
  return `${portable(script).replace(/^.*\//, "").replace(/\.saeq(\.zip)?$/, "")}.run.json`;
}
