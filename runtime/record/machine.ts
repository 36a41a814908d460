/** Without this file a record would not say on what a result was computed, and nobody could tell why another machine gives another. */
import { CPU, describeTarget } from "../../src/emit/target.ts";
import { adapters } from "../engine/diagnosis.ts";
import type { EngineOptions } from "../engine/port.ts";
import { installedVersion } from "../package_root.ts";
import { processor } from "../processor.ts";

/** Packages whose versions may show in a result. */
const PACKAGES = ["chevrotain", "hyparquet", "mathjs", "onnxruntime-node", "papaparse", "re2js", "seedrandom", "vega", "vega-lite", "@huggingface/tokenizers"] as const;

/** Versions of saeq, Node and the packages that results pass through. */
export function versions(saeq: string): Readonly<Record<string, string>> {
  return { saeq, node: process.versions.node, ...Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(name) ?? "unknown"])) };
}

export interface Platform {
  readonly os: string;
  readonly arch: string;
  readonly cpu: string;
  /** What the processor can do that kernels are chosen by; empty where the system does not say. */
  readonly features: readonly string[];
}

/** Of what a processor can do, what kernels are chosen by. */
const CHOOSING = /^(avx|amx|fma|f16c|sse4|sve|asimd|neon|bf16|i8mm)/;

/** Nothing here names the machine or its user. */
export function platform(): Platform {
  const { model, features } = processor();
  return { os: process.platform, arch: process.arch, cpu: model, features: [...new Set(features)].filter((flag) => CHOOSING.test(flag)).sort() };
}

/** Where the model ran. `lanes`, `batch`: they change no bit on the CPU, and are told all the same. */
export interface EngineFacts {
  readonly asked: { readonly ep: string; readonly dtype: string };
  readonly used: { readonly ep: string; readonly dtype: string };
  readonly described: string;
  readonly threads: number;
  readonly lanes: number;
  readonly batch: number | "auto";
  /** Cards, where one computed. */
  readonly adapters: readonly string[];
}

export function engineFacts({ target = CPU, threads, lanes, batch }: EngineOptions, asked: EngineFacts["asked"]): EngineFacts {
  return {
    asked,
    used: { ep: target.provider, dtype: target.dtype },
    described: describeTarget(target),
    threads,
    lanes,
    batch: batch ?? "auto",
    adapters: target.provider === "cpu" ? [] : adapters(),
  };
}
