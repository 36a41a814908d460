/** Without this file what this processor is would be read in several ways, and one that cannot do the same could pass for it. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

export interface Processor {
  readonly model: string;
  /** Everything it can do, as the system names it; empty where the system does not say. */
  readonly features: readonly string[];
}

let known: Processor | null = null;

export function processor(): Processor {
  known ??= { model: cpus()[0]?.model.trim() ?? "unknown", features: features() };
  return known;
}

function features(): readonly string[] {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1]?.trim() ?? "";
    return line === "" ? [] : line.split(/\s+/);
  } catch {
    return [];
  }
}
