/** Without this file models whose angles are others for long texts could not be read for the texts that are not. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import { optional, positive, size, type Config } from "../config.ts";
import { contradiction } from "./family.ts";

/** Where a family says what it needs. */
export interface Longrope {
  /** Tokens of the longest text that has the short factors. */
  readonly original: number;
  /** The key of the factor on cosines and sines, where that is not transformers' usual one. */
  readonly factorKey?: string;
}

/**
 * transformers' `_compute_longrope_parameters` (Ding et al. 2024, arXiv 2402.13753): each pair turns by a factor of its own, from one list for texts up to `original` tokens and from
 * another for longer ones, so that the first tokens of these are others too. Read is the first.
 */
export function longropeOf(config: Config, scaling: Config, { original, factorKey }: Longrope, pairs: number): RopeSpec["scaling"] {
  const factors = optional(scaling, "short_factor");
  if (!Array.isArray(factors) || !factors.every((factor) => typeof factor === "number" && Number.isFinite(factor) && factor > 0)) throw contradiction(scaling, "short_factor", "and must be a list of numbers greater than 0");
  if (factors.length !== pairs) throw contradiction(scaling, "short_factor", `which has ${factors.length} numbers for ${pairs} pairs of columns that turn`);
  return { kind: "longrope", factors: factors as readonly number[], attentionFactor: factorKey === undefined ? usualFactor(config, scaling, original) : positive(scaling, factorKey), context: original };
}

function usualFactor(config: Config, scaling: Config, original: number): number {
  const factor = optional(scaling, "factor") === null ? size(config, "max_position_embeddings") / original : positive(scaling, "factor");
  return positive(scaling, "attention_factor", factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
}

/** The context of a model that turns so: where its angles change, it ends. Longer texts are read in pieces. */
export function contextWithin({ scaling }: RopeSpec, context: number): number {
  return scaling.kind === "longrope" ? Math.min(context, scaling.context) : context;
}
