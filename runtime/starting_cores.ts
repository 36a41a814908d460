/**
 * Without this file attention's bits could change from run to run on a processor with cores of two kinds.
 *
 * ONNX Runtime's attention cuts keys into blocks by the size of the second-level cache (`src/emit/padding.ts`). On Linux it asks the C library, which on x86 reads it from the core that
 * it happens to run on: Intel's processors with performance and efficiency cores have another size on each. From glibc 2.33 on it is read once, when a process starts
 * (`sysdeps/x86/dl-cacheinfo.h`, dl_init_cacheinfo), before when it is asked for. So an engine's process starts on performance cores alone, and may use all cores as soon as
 * it has started; with an older library it stays where it started.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Of the kernel (from 5.13 on): which cores are of which kind; neither is there where all are of one. */
const [PERFORMANCE, EFFICIENCY] = ["/sys/devices/cpu_core/cpus", "/sys/devices/cpu_atom/cpus"] as const;
/** Of util-linux, which every distribution has. */
const TASKSET = ["/usr/bin/taskset", "/bin/taskset"] as const;
/** The first version that keeps what it read. */
const KEEPS: readonly [number, number] = [2, 33];

/** What the system says, as it says it; null: nothing. */
export interface CoresHere {
  readonly performance: string | null;
  readonly efficiency: string | null;
  /** Cores that this process may use. */
  readonly allowed: string | null;
  readonly taskset: string | null;
  readonly glibc: string | null;
}

/** A core's kind decides bits here: where processes must start. Lists as the kernel writes them, "0-7,16". */
export interface StartingCores {
  readonly first: string;
  readonly all: string;
  /** Whether other cores may be used once a process has started. */
  readonly widens: boolean;
  readonly taskset: string;
}

/** Which of two kinds of cores this process may use: "one" where they do not differ, or only those of one kind may be used; null where cores differ and nothing holds processes to one kind. */
export function startingCores(here: CoresHere = coresHere()): StartingCores | "one" | null {
  if (here.efficiency === null) return "one";
  if (here.performance === null || here.allowed === null) return null;
  const performance = coresOf(here.performance);
  const allowed = [...coresOf(here.allowed)];
  const first = allowed.filter((core) => performance.has(core));
  if (first.length === 0 || first.length === allowed.length) return "one";
  if (here.taskset === null) return null;
  return { first: first.join(","), all: here.allowed, widens: keepsItsCache(here.glibc), taskset: here.taskset };
}

let known: StartingCores | "one" | null | undefined;

/** The same of this machine, asked once; null also where cores cannot be chosen, as in a container that forbids it. */
export function startsOn(): StartingCores | "one" | null {
  if (known === undefined) known = orUnknown(startingCores());
  return known;
}

/** Cores that a program really starts on, or null. */
export function orUnknown(cores: StartingCores | "one" | null): StartingCores | "one" | null {
  if (cores === null || cores === "one") return cores;
  return spawnSync(cores.taskset, ["-c", cores.first, cores.taskset, "--version"], { stdio: "ignore", timeout: 2000 }).status === 0 ? cores : null;
}

/** A process that started on the first of these cores may use all of them. Where that is refused it is slower, and gives the same. */
export function widen({ taskset, all, widens }: StartingCores, pid: number): void {
  if (!widens) return;
  spawn(taskset, ["-a", "-p", "-c", all, String(pid)], { stdio: "ignore", env: {} }).on("error", () => {}).unref();
}

/** Numbers of a list as the kernel writes it. */
export function coresOf(list: string): ReadonlySet<number> {
  const cores = new Set<number>();
  for (const range of list.trim().split(",")) {
    const [from, to] = range.split("-").map(Number) as [number, number?];
    for (let core = from; core <= (to ?? from); core++) cores.add(core);
  }
  return cores;
}

function coresHere(): CoresHere {
  const efficiency = process.platform === "linux" ? read(EFFICIENCY) : null;
  if (efficiency === null) return { performance: null, efficiency, allowed: null, taskset: null, glibc: null };
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(read("/proc/self/status") ?? "")?.[1] ?? null;
  return { performance: read(PERFORMANCE), efficiency, allowed, taskset: TASKSET.find((path) => existsSync(path)) ?? null, glibc: glibc() };
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return null;
  }
}

function glibc(): string | null {
  // Names of hosts, which may take seconds, are no matter here.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const kept = report.excludeNetwork;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = kept;
  return header?.glibcVersionRuntime ?? null;
}

function keepsItsCache(version: string | null): boolean {
  const [major, minor] = (version ?? "0.0").split(".").map(Number) as [number, number?];
  return major > KEEPS[0] || (major === KEEPS[0] && (minor ?? 0) >= KEEPS[1]);
}
