/** Without this file what a script was written against would be known to its author's disk alone. */
import { readFileSync, statSync } from "node:fs";
import { DataError, systemCode } from "../data/error.ts";
import { isObject, readStable } from "../record/read_stable.ts";
import { stableJson } from "../record/stable_json.ts";

/** A file as it was: `git`, where only git's hash of a file on the hub is known. */
export type LockedFile = { readonly size: number; readonly sha256: string } | { readonly size: number; readonly git: string };

export interface LockedModel {
  /** The commit of a repository of the hub; null for a folder. */
  readonly revision: string | null;
  readonly files: Readonly<Record<string, LockedFile>>;
  readonly architecture: string;
  readonly layers: number;
  readonly width: number;
  readonly vocabulary: number;
  readonly bos: number | null;
}

export interface LockedSae {
  readonly revision: string | null;
  readonly files: Readonly<Record<string, LockedFile>>;
  readonly format: string;
  readonly kind: string;
  readonly convention: string;
  readonly hook: string;
  readonly inputs: number;
  readonly features: number;
  readonly normalize: string;
}

export interface LockedData {
  readonly size: number;
  readonly sha256: string;
  readonly rows: number;
  readonly columns: Readonly<Record<string, string>>;
}

/** What one script takes of all that, and the settings it runs with where nothing else is said. */
export interface LockedScript {
  readonly models: readonly string[];
  readonly saes: readonly string[];
  readonly data: readonly string[];
  readonly modules: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

/** Inputs of the scripts of one folder; names are as scripts write them, files relative to the folder, with forward slashes. No places, no times. */
export interface Lock {
  readonly lock: 1;
  readonly language: 1;
  /** Who wrote it; not compared. */
  readonly saeq: string;
  readonly models: Readonly<Record<string, LockedModel>>;
  readonly saes: Readonly<Record<string, LockedSae>>;
  readonly data: Readonly<Record<string, LockedData>>;
  readonly modules: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, LockedScript>>;
}

export const LOCK_NAME = "saeq.lock";
export const LOCK_KINDS = ["models", "saes", "data", "modules"] as const;
export type LockKind = (typeof LOCK_KINDS)[number];

const MOST_BYTES = 64 * 2 ** 20;

export function emptyLock(saeq: string): Lock {
  return { lock: 1, language: 1, saeq, models: {}, saes: {}, data: {}, modules: {}, scripts: {} };
}

export function lockText(lock: Lock): string {
  return stableJson(lock);
}

/** The lock of a folder; null where there is none. @throws DataError `broken-lock` */
export function readLock(path: string): Lock | null {
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile()) throw broken(path, "it is not a file");
    if (found.size > MOST_BYTES) throw broken(path, "it is too large for one");
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof DataError) throw error;
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return null;
    if (systemCode(error) === null) throw error;
    throw broken(path, `it cannot be read (${systemCode(error)})`);
  }
  return parseLock(text, path);
}

/** @throws DataError `broken-lock` with what is wrong */
export function parseLock(text: string, name: string): Lock {
  const value = readStable(text, "lock", (why) => broken(name, why));
  for (const [kind, fits] of Object.entries(SHAPE)) {
    const entries = value[kind];
    if (!isObject(entries)) throw broken(name, `its \`${kind}\` is not as saeq writes it`);
    const wrong = Object.entries(entries).find(([, entry]) => !fits(entry));
    if (wrong !== undefined) throw broken(name, `its entry \`${wrong[0]}\` in \`${kind}\` is not as saeq writes it`);
  }
  return value as unknown as Lock;
}

function broken(name: string, why: string): DataError {
  return new DataError({ code: "broken-lock", message: `${name} is no lock: ${why}`, help: "take it from your version control, or delete it and run: saeq lock" });
}

type Fits = (value: unknown) => boolean;
const text: Fits = (value) => typeof value === "string";
const hex: Fits = (value) => typeof value === "string" && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(value);
const number: Fits = (value) => typeof value === "number";
const nullOr = (fits: Fits): Fits => (value) => value === null || fits(value);
const texts: Fits = (value) => Array.isArray(value) && value.every(text);
const record = (fits: Fits): Fits => (value) => isObject(value) && Object.values(value).every(fits);
const shape = (fields: Readonly<Record<string, Fits>>): Fits => (value) => isObject(value) && Object.entries(fields).every(([name, fits]) => fits(value[name]));
const file: Fits = (value) => shape({ size: number })(value) && isObject(value) && (hex(value["sha256"]) || hex(value["git"]));

const SHAPE: Readonly<Record<LockKind | "scripts", Fits>> = {
  models: shape({ revision: nullOr(hex), files: record(file), architecture: text, layers: number, width: number, vocabulary: number, bos: nullOr(number) }),
  saes: shape({ revision: nullOr(hex), files: record(file), format: text, kind: text, convention: text, hook: text, inputs: number, features: number, normalize: text }),
  data: shape({ size: number, sha256: hex, rows: number, columns: record(text) }),
  modules: hex,
  scripts: shape({ models: texts, saes: texts, data: texts, modules: texts, settings: record(text) }),
};
