/** Without this file every reader would check the types of config values in its own way. */
import { CheckpointError } from "./error.ts";
import type { Json, JsonObject } from "./strict_json.ts";

/** A config and where it was read, for errors. */
export interface Config {
  readonly file: string;
  readonly value: JsonObject;
}

function fault(config: Config, key: string, wanted: string): CheckpointError {
  const found = config.value[key];
  return new CheckpointError("invalid-config", `\`${key}\` in ${config.file} is ${found === undefined ? "missing" : JSON.stringify(found)}; it must be ${wanted}`, { help: "download the file again, or correct that key" });
}

/** The value of a key; null and missing are the same. */
export function optional(config: Config, key: string): Json {
  return Object.hasOwn(config.value, key) ? (config.value[key] as Json) : null;
}

/** A whole number from 1 to 2³¹−1. */
export function size(config: Config, key: string, fallback: number | null = null): number {
  const value = optional(config, key) ?? fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value < 2 ** 31) return value;
  throw fault(config, key, "a whole number of at least 1");
}

/** The same, or 0; missing is 0 too. */
export function sizeOrNone(config: Config, key: string): number {
  return (optional(config, key) ?? 0) === 0 ? 0 : size(config, key);
}

/** A size under a key that another one stands for where it is there, as transformers' `attribute_map` has it. */
export function sizeUnder(config: Config, key: string, other: string, fallback: number): number {
  return optional(config, other) === null ? size(config, key, fallback) : size(config, other);
}

/** A finite number greater than 0. */
export function positive(config: Config, key: string, fallback: number | null = null): number {
  const value = optional(config, key) ?? fallback;
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw fault(config, key, "a number greater than 0");
}

/** A finite number of at least 0. */
export function number(config: Config, key: string): number {
  return (optional(config, key) ?? 0) === 0 ? 0 : positive(config, key);
}

export function flag(config: Config, key: string, fallback: boolean): boolean {
  const value = optional(config, key) ?? fallback;
  if (typeof value === "boolean") return value;
  throw fault(config, key, "true or false");
}

export function word(config: Config, key: string, fallback: string | null = null): string {
  const value = optional(config, key) ?? fallback;
  if (typeof value === "string") return value;
  throw fault(config, key, "text");
}

/** A nested object, or null. */
export function section(config: Config, key: string): Config | null {
  const value = optional(config, key);
  if (value === null) return null;
  if (typeof value === "object" && !Array.isArray(value)) return { file: config.file, value: value as JsonObject };
  throw fault(config, key, "an object");
}
