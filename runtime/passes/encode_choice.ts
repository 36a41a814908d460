/** Without this file nobody would decide which SAEs are encoded by screening in eight bits, and `explain` could not say why. */
import { fewestFeatures } from "../../src/emit/encode.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { CPU, PLACES, type Target } from "../../src/emit/target.ts";
import type { EncodeKernel } from "../../src/stages/stage.ts";
import type { Engine, ScreenCounts } from "../engine/port.ts";
import { partsOfProduct } from "../processor.ts";

/** Weights below which the whole encoder is so quick that bounds and gathers cost more than they save. */
export const SCREEN_WEIGHTS = 2 ** 24;
/** Rows that save as much time as quantising an encoder takes, which is proportional to its weights like the encoding itself (`bench/encode.ts`). */
const SCREEN_ROWS = 2000;
/** Least ratio of the speeds of eight-bit and float32 products: bounds, gathers and values take a part of the gain. */
const SCREEN_RATIO = 2.5;

/** Why an SAE cannot be screened whatever is asked, or null. */
function obstacle(sae: SaeSpec, threads: number, { provider }: Target): string | null {
  if (provider !== "cpu") return `features are screened on the CPU only, not on ${PLACES[provider]}`;
  if (sae.kind === "groupmax") return "which feature of a group is active depends on the others";
  if (sae.dIn > 65_536) return "sums of more than 65,536 eight-bit products do not fit 32 bits";
  if (sae.dSae < Math.max(fewestFeatures(partsOfProduct(threads)), sae.k ?? 0)) return `${sae.dSae} features are too few`;
  return null;
}

/** Whether it may be that features of this SAE are screened, as far as neither texts nor a measurement decide. */
export function mayScreen(kernel: EncodeKernel, sae: SaeSpec, { options: { threads, target } }: Pick<Engine, "options">): boolean {
  if (kernel === "dense" || obstacle(sae, threads, target ?? CPU) !== null) return false;
  return kernel === "screened" || sae.dIn * sae.dSae >= SCREEN_WEIGHTS;
}

/** Whether `rows` rows are screened. Results are the same either way. Asks the engine for its speed only where all else speaks for it. */
export async function screens(kernel: EncodeKernel, sae: SaeSpec, rows: number, engine: Engine): Promise<boolean> {
  if (!mayScreen(kernel, sae, engine)) return false;
  if (kernel === "screened") return true;
  if (rows < SCREEN_ROWS && !engine.quantized(sae)) return false;
  const { exact, ratio } = await engine.eightBits();
  return exact && ratio >= SCREEN_RATIO;
}

/**
 * Whether only the features that are named are computed: of a large SAE on the CPU. Of a small one all are, at hardly any cost, and what is kept
 * of them answers other questions too; which features of topk are active depends on all.
 */
export function prunes(sae: SaeSpec, { provider }: Target): boolean {
  return provider === "cpu" && (sae.kind === "standard" || sae.kind === "jumprelu" || sae.kind === "gated") && sae.dIn * sae.dSae >= SCREEN_WEIGHTS;
}

/** The same for people, before anything is measured. */
export function describeChoice(kernel: EncodeKernel, sae: SaeSpec, threads: number, target: Target, features?: readonly number[]): string {
  if (features !== undefined && prunes(sae, target)) return `only ${features.length === 1 ? "feature" : "features"} ${features.join(", ")}, gathered from ${sae.dSae} columns`;
  const why = obstacle(sae, threads, target);
  const million = (count: number): string => (count / 1e6).toFixed(1);
  if (kernel === "dense") return "dense, as set";
  if (why !== null) return `dense: ${why}`;
  if (kernel === "screened") return "screened in eight bits, as set; candidates in float32";
  const weights = sae.dIn * sae.dSae;
  if (weights < SCREEN_WEIGHTS) return `dense: ${million(weights)} million weights are few (screened from ${million(SCREEN_WEIGHTS)} million on)`;
  return `screened in eight bits from ${SCREEN_ROWS} rows on, where eight-bit products are exact and at least ${SCREEN_RATIO} times as fast; else dense`;
}

/** What screening did so far, for `explain`. */
export function describeCounts({ rows, candidates, computed, dense }: ScreenCounts, features: number): string {
  const share = (count: number): string => `${((100 * count) / Math.max(1, rows * features)).toFixed(2)} %`;
  return `so far ${rows} rows screened: ${share(candidates)} of the features were candidates, ${share(computed)} computed in float32, ${dense} rows densely`;
}

export function addCounts(to: Map<string, ScreenCounts>, key: string, more: ScreenCounts): void {
  const old = to.get(key) ?? { rows: 0, candidates: 0, computed: 0, dense: 0 };
  to.set(key, { rows: old.rows + more.rows, candidates: old.candidates + more.candidates, computed: old.computed + more.computed, dense: old.dense + more.dense });
}
