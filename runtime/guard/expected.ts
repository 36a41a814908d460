/** Without this file a guard would not know what an SAE should do on the texts that it was made for. */
import { findFile } from "../checkpoint/real_path.ts";
import { readJsonObject, type Json, type JsonObject } from "../checkpoint/strict_json.ts";
import type { RegisteredSae } from "../registry/registry.ts";

/** What was published of an SAE, or stands in its own files; null where neither tells. */
export interface Expected {
  /** Features active per token. */
  readonly l0: number | null;
  /** 1 − Σ‖x − x̂‖² / Σ‖x − mean‖². */
  readonly explainedVariance: number | null;
  /** Mean L2 norm of the activations that it reads. */
  readonly norm: number | null;
  /** Where the figures come from: `the registry`, `its files`. */
  readonly from: string;
}

/**
 * Figures of the registry: L0, explained variance, and the mean norm √d / `norm_scaling_factor` (the factor is made that way: Llama Scope's is
 * 64 / 5.90625 for d = 4096). Else what the SAE's files say: `k` of top-k and batch top-k (`training_architecture_details.k`, `top_k`), and
 * `dataset_average_activation_norm.in` of Llama Scope.
 */
export async function expectedOf(folder: string, dIn: number, entry: RegisteredSae | null): Promise<Expected> {
  const own = await ownFigures(folder);
  if (entry === null) return { ...own, explainedVariance: null, from: "its files" };
  const listed = entry.l0 !== null || entry.normScale !== null;
  return {
    l0: entry.l0 ?? own.l0,
    explainedVariance: entry.explainedVariance,
    norm: entry.normScale === null ? own.norm : Math.sqrt(dIn) / entry.normScale,
    from: listed ? "the registry" : "its files",
  };
}

async function ownFigures(folder: string): Promise<{ readonly l0: number | null; readonly norm: number | null }> {
  const config = (await read(folder, "cfg.json")) ?? (await read(folder, "hyperparams.json")) ?? (await read(folder, "config.json"));
  if (config === null) return { l0: null, norm: null };
  const details = object(object(config["metadata"])["training_architecture_details"]);
  const batchTopK = /topk/i.test(String(object(config["metadata"])["training_architecture"] ?? ""));
  return { l0: number(config["k"]) ?? (batchTopK ? number(details["k"]) : null) ?? number(config["top_k"]), norm: number(object(config["dataset_average_activation_norm"])["in"]) };
}

async function read(folder: string, name: string): Promise<JsonObject | null> {
  const file = await findFile(folder, name).catch(() => null);
  return file === null ? null : readJsonObject(file).then(({ value }) => value, () => null);
}

function object(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}
