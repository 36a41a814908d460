/** Without this file nobody could say from afar why a machine has no device: what is there, what works, what is missing and what adds it. */
import { spawnSync } from "node:child_process";
import { availableParallelism, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { SUPPORTED, type Dtype, type Provider } from "../../src/emit/target.ts";
import { processor } from "../processor.ts";
import { probe, type Probe } from "./placement.ts";
import { CUDA_FILES, lookAround, type Surroundings } from "./providers.ts";

export interface ProviderDiagnosis {
  readonly provider: Provider;
  readonly state: "works" | "missing" | "fails";
  readonly dtypes: readonly Dtype[];
  /** What is missing, or how it failed; else what it was found by. */
  readonly detail: string;
  /** A command or setting that mends it; null where there is nothing to mend. */
  readonly remedy: string | null;
}

/** Start every provider that seems to be there, once, in a process of its own. */
export async function diagnoseProviders(around: Surroundings, tried: Probe = probe): Promise<readonly ProviderDiagnosis[]> {
  const found: ProviderDiagnosis[] = [];
  for (const { provider, missing, remedy, unfit, detail } of lookAround(around)) {
    const dtypes = SUPPORTED[provider];
    if (missing !== null) {
      found.push({ provider, state: "missing", dtypes, detail: missing, remedy });
      continue;
    }
    const failed = await tried({ provider, dtype: dtypes[0] }, around.library);
    const absent = failed !== null && provider === "cuda" ? absentLibraries(join(around.runtime ?? "", CUDA_FILES[1])) : [];
    if (failed === null) found.push({ provider, state: "works", dtypes, detail: [detail, ...(unfit === null || provider === "openvino" ? [] : [`auto does not take it: ${unfit}`])].filter((part) => part !== "").join("; "), remedy: null });
    else found.push({ provider, state: "fails", dtypes, detail: failed, remedy: absent.length > 0 ? addition(absent) : remedy });
  }
  return found;
}

/** Libraries of CUDA 12 are packages of their own (`libcublas.so.12`: nvidia-cublas-cu12). */
function addition(absent: readonly string[]): string {
  const suffix = absent.some((name) => /\.so\.12$/.test(name)) ? "-cu12" : "";
  return `add ${absent.join(", ")} to LD_LIBRARY_PATH (pip: nvidia-cublas${suffix}, nvidia-cuda-runtime${suffix}, nvidia-curand${suffix}; the driver brings libcuda)`;
}

/** Libraries that a library asks for and the loader does not find; [] where that cannot be asked. */
function absentLibraries(path: string): readonly string[] {
  const { stdout } = spawnSync("ldd", [path], { encoding: "utf8", timeout: 5000 });
  return (stdout ?? "").split("\n").flatMap((line) => /^\s*(\S+) => not found/.exec(line)?.[1] ?? []);
}

/** Names of graphics cards, as the tools that are installed tell them. */
export function adapters(): readonly string[] {
  const lines = (command: string, args: readonly string[], line: RegExp): string[] => (spawnSync(command, args, { encoding: "utf8", timeout: 5000 }).stdout ?? "").split("\n").flatMap((each) => line.exec(each)?.[1]?.trim() ?? []);
  return [...lines("nvidia-smi", ["-L"], /^(GPU \d+: .*?)(?: \(UUID.*)?$/), ...lines("vulkaninfo", ["--summary"], /deviceName\s*=\s*(.*)$/).map((name) => `Vulkan: ${name}`)];
}

export interface MachineDiagnosis {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Bytes that this process may use where that is less than the machine has. */
  readonly limitBytes: number | null;
  readonly adapters: readonly string[];
}

export function diagnoseMachine(): MachineDiagnosis {
  const allowed = process.constrainedMemory();
  return {
    processor: processor().model,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    limitBytes: allowed > 0 && allowed < totalmem() ? allowed : null,
    adapters: adapters(),
  };
}
