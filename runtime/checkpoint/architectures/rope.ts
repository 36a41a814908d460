/** Without this file each family would read the many spellings of rotary positions for itself. */
import type { RopeSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "../config.ts";
import { CheckpointError } from "../error.ts";
import { contradiction } from "./family.ts";

const SUPPORTED = ["default", "linear", "llama3", "yarn"];

export interface RopeDefaults {
  readonly theta: number;
  /** The part of a head that turns where the config does not say. */
  readonly partial: number;
  /** Older names of the base and of the part. */
  readonly thetaKey?: string;
  readonly partialKey?: string;
}

/**
 * `rope_scaling` and `rope_theta` as transformers 4 writes them, or `rope_parameters` as transformers 5 does. `kind` chooses among
 * parameters per kind of layer (`modeling_rope_utils.py`, `RotaryEmbeddingConfigMixin`).
 */
export function ropeOf(config: Config, headDim: number, defaults: RopeDefaults, kind: string | null = null): RopeSpec {
  const whole = section(config, "rope_parameters");
  const parameters = whole !== null && kind !== null ? (section(whole, kind) ?? whole) : whole;
  const old = positive(config, defaults.thetaKey ?? "rope_theta", positive(config, "rope_theta", defaults.theta));
  const theta = positive(parameters ?? config, "rope_theta", old);
  const partial = positive(parameters ?? config, "partial_rotary_factor", positive(config, defaults.partialKey ?? "partial_rotary_factor", defaults.partial));
  if (partial > 1) throw contradiction(config, defaults.partialKey ?? "partial_rotary_factor", "and a head has no more to turn than all of it");
  const dimensions = Math.trunc(headDim * partial);
  if (dimensions % 2 !== 0 || dimensions === 0) throw new CheckpointError("unsupported-config", `${config.file} turns ${dimensions} of the ${headDim} columns of a head (\`head_dim\`); rotary positions need an even number`, { help: 'set model "…" to one without it' });
  return { theta, dimensions, scaling: scalingOf(config, parameters ?? section(config, "rope_scaling")) };
}

function scalingOf(config: Config, scaling: Config | null): RopeSpec["scaling"] {
  if (scaling === null) return { kind: "none" };
  const kind = word(scaling, "rope_type", word(scaling, "type", "default"));
  switch (kind) {
    case "default":
      return { kind: "none" };
    case "linear":
      return { kind: "linear", factor: positive(scaling, "factor") };
    case "llama3":
      return {
        kind: "llama3",
        factor: positive(scaling, "factor"),
        lowFreqFactor: positive(scaling, "low_freq_factor"),
        highFreqFactor: positive(scaling, "high_freq_factor"),
        originalContext: size(scaling, "original_max_position_embeddings"),
      };
    case "yarn":
      return yarn(config, scaling);
    default:
      throw new CheckpointError("unsupported-config", `${config.file} scales positions by \`${kind}\``, {
        notes: [`supported: ${SUPPORTED.join(", ")}`, ...(kind === "dynamic" || kind === "longrope" ? ["its angles depend on the length of the text, so one text would have two activations"] : [])],
        help: 'set model "…" to one without it',
      });
  }
}

/**
 * transformers' `_compute_yarn_parameters`: the factor on cosines and sines is 0.1 ln(factor) + 1 unless it is given; with `mscale` and `mscale_all_dim`,
 * both, it is the ratio of two such, each with its own weight before the logarithm. One of them alone has no say.
 */
function yarn(config: Config, scaling: Config): RopeSpec["scaling"] {
  const originalContext = size(scaling, "original_max_position_embeddings", size(config, "max_position_embeddings"));
  const given = optional(scaling, "factor");
  const factor = given === null ? size(config, "max_position_embeddings") / originalContext : positive(scaling, "factor");
  const scaleOf = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const weights = scalesOf(scaling);
  return {
    kind: "yarn",
    factor,
    betaFast: positive(scaling, "beta_fast", 32),
    betaSlow: positive(scaling, "beta_slow", 1),
    originalContext,
    truncate: flag(scaling, "truncate", true),
    attentionFactor: positive(scaling, "attention_factor", weights === null ? scaleOf(1) : scaleOf(weights[0]) / scaleOf(weights[1])),
  };
}

/** `mscale` and `mscale_all_dim` where both are there and neither is 0, which transformers takes for absent. */
function scalesOf(scaling: Config): readonly [number, number] | null {
  const [one, all] = ["mscale", "mscale_all_dim"].map((key) => {
    const given = optional(scaling, key);
    return given === null || given === 0 ? null : positive(scaling, key);
  });
  return one == null || all == null ? null : [one, all];
}
