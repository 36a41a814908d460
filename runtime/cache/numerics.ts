/** Without this file bits computed on one processor could be taken for those of another. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import type { TensorRef } from "../../src/emit/specs.ts";
import type { EngineOptions } from "../engine/port.ts";
import { VERSION } from "./segment.ts";

/**
 * Raised when arithmetic of ours that no graph shows changes: documents padded otherwise, rows repeated otherwise. All that graphs show
 * is in their keys.
 */
const ARITHMETIC = 1;

/**
 * What must be equal for two runs to give the same bits: the runtime and its version, processor (its kernels are chosen by what the
 * processor can do), threads, and every other option of the engine but those that never change a result.
 */
export function numericsClass({ lanes: _lanes, batch: _batch, ...options }: EngineOptions): string {
  return JSON.stringify([VERSION, ARITHMETIC, process.platform, process.arch, processor(), runtimeVersion(), options]);
}

let known: string | null = null;

function processor(): string {
  known ??= `${cpus()[0]?.model.trim() ?? "unknown"} ${flags()}`;
  return known;
}

/** What the processor can do, hashed; "" where the system does not say. */
function flags(): string {
  try {
    const line = /^(?:flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[0] ?? "";
    return createHash("sha256").update(line).digest("hex").slice(0, 16);
  } catch {
    return "";
  }
}

let version: string | null = null;

/** The version of onnxruntime-node without loading it. */
export function runtimeVersion(): string {
  version ??= findVersion();
  return version;
}

function findVersion(): string {
  for (const folder of createRequire(import.meta.url).resolve.paths("onnxruntime-node") ?? []) {
    try {
      return String(JSON.parse(readFileSync(`${folder}/onnxruntime-node/package.json`, "utf8")).version);
    } catch {
      // Not in this one.
    }
  }
  return "unknown";
}

/**
 * The files behind tensors as they are now. The digest of a checkpoint samples its weights; an edit of a few of them shows in the times and
 * sizes here, so nothing computed before it is found again.
 */
export function stamps(tensors: readonly TensorRef[]): string {
  return JSON.stringify([...new Set(tensors.map(({ file }) => file))].sort().map((file) => {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
    return [file, ...[size, mtimeNs, ctimeNs, ino].map(String)];
  }));
}
