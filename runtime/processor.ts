/** Without this file what this processor is would be read in several ways, and one that cannot do the same could pass for it. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { startsOn } from "./starting_cores.ts";

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

/** Where cores differ ONNX Runtime cuts work for several threads in four times as many parts (1.30, `core/common/threadpool.cc`, DegreeOfParallelism). */
const PARTS_OF_A_THREAD = 4;

/** Parts that a product of so many threads may be cut in. */
export function partsOfProduct(threads: number): number {
  return threads === 1 ? 1 : threads * (hasCoresOfOneKind() ? 1 : PARTS_OF_A_THREAD);
}

let ofOneKind: boolean | null = null;

/** As far as the system says it; where it says nothing, cores may differ. */
export function hasCoresOfOneKind(): boolean {
  ofOneKind ??= process.platform === "linux" && !existsSync("/sys/devices/cpu_atom") && haveOneCapacity();
  return ofOneKind;
}

/** Of Linux on Arm. */
function haveOneCapacity(): boolean {
  return new Set(globSync("/sys/devices/system/cpu/cpu[0-9]*/cpu_capacity").map((file) => readFileSync(file, "latin1"))).size <= 1;
}

let cache: number | null | undefined;

/**
 * Bytes of the second-level cache as the runtime asks the system for it (1.30, `core/platform/posix/env.cc`, GetL2CacheSize), by which its attention cuts keys into blocks.
 * null where it is not known: on Windows, on Linux for processors that its library does not know, and where cores may have caches of unlike sizes and nothing
 * holds the engine's processes to one kind of them (`starting_cores.ts`).
 */
export function secondCache(): number | null {
  if (cache === undefined) cache = askedOfSystem();
  return cache;
}

function askedOfSystem(): number | null {
  const way = process.platform === "linux" ? wayOfLinux() : process.platform === "darwin" ? (["/usr/sbin/sysctl", "-n", "hw.l2cachesize"] as const) : null;
  if (way === null) return null;
  try {
    const bytes = Number(execFileSync(way[0], way.slice(1), { encoding: "latin1", stdio: ["ignore", "pipe", "ignore"], timeout: 2000 }).trim());
    return Number.isInteger(bytes) && bytes > 0 ? bytes : null;
  } catch {
    return null;
  }
}

function wayOfLinux(): readonly [string, ...string[]] | null {
  const asked = ["/usr/bin/getconf", "LEVEL2_CACHE_SIZE"] as const;
  const cores = startsOn();
  if (cores !== "one") return cores === null ? null : [cores.taskset, "-c", cores.first, ...asked];
  return haveOneCapacity() ? asked : null;
}
