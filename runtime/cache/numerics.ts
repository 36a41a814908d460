/** Without this file bits computed on one processor could be taken for those of another. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { WeightRef } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { cardsHere } from "../card.ts";
import type { EngineOptions } from "../engine/port.ts";
import { installedVersion } from "../package_root.ts";
import { hasCoresOfOneKind, processor, secondCache } from "../processor.ts";
import { VERSION } from "./segment.ts";

/**
 * Raised when arithmetic of ours that no graph shows changes: documents padded otherwise, rows repeated otherwise. All that graphs show
 * is in their keys.
 */
const ARITHMETIC = 3;

/**
 * What must be equal for two runs to give the same bits: the runtime and its version, processor (its kernels are chosen by what the
 * processor can do; of one with cores of two kinds also by the kind that its processes start on), on a device its card and driver, and every other option of the engine but those that never change a result: threads do on what is no
 * CPU of ours.
 */
export function bitsClass({ lanes: _lanes, batch: _batch, threads, threadsByJob: _byJob, ...rest }: EngineOptions, device: () => readonly string[] = cardsHere): string {
  const { provider } = rest.target ?? CPU;
  const options = provider === "cpu" ? rest : { ...rest, threads };
  const { model, features } = processor();
  const able = createHash("sha256").update(features.join(" ")).digest("hex").slice(0, 16);
  const kind = provider !== "cpu" || hasCoresOfOneKind() ? [] : [secondCache()];
  return JSON.stringify([VERSION, ARITHMETIC, process.platform, process.arch, model, able, ...kind, installedVersion("onnxruntime-node"), options, ...(provider === "cuda" || provider === "webgpu" ? device() : [])]);
}

/**
 * The files behind tensors as they are now. The digest of a checkpoint samples its weights; an edit of a few of them shows in the times and
 * sizes here, so nothing computed before it is found again.
 */
export function stamps(tensors: readonly WeightRef[]): string {
  return JSON.stringify([...new Set(tensors.map(({ file }) => file))].sort().map((file) => {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
    return [file, ...[size, mtimeNs, ctimeNs, ino].map(String)];
  }));
}
