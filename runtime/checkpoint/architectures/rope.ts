/** Without this file each family would read the many spellings of rotary positions for itself. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "../config.ts";
import { CheckpointError } from "../error.ts";
import type { JsonObject } from "../strict_json.ts";
import { contradiction, unsupported, type Source } from "./family.ts";
import { longropeOf, type Longrope } from "./longrope.ts";

const SUPPORTED = ["default", "linear", "dynamic", "llama3", "yarn"];

export interface RopeDefaults {
  readonly theta: number;
  /** The name of the base outside `rope_parameters`, where it is not `rope_theta`. */
  readonly thetaKey?: string;
  /** The part of a head that turns where the config does not say, and what its key is called outside `rope_parameters`; null: all of it, whatever the config says. */
  readonly partial: { readonly key: string; readonly fallback: number } | null;
  /** The context where the config does not say. */
  readonly context: number;
  /** What longrope is for this family, whose context must then end where its angles change (`contextWithin`); absent: it is refused. */
  readonly longrope?: Longrope;
}

/**
 * `rope_scaling` and `rope_theta` as transformers 4 writes them, or `rope_parameters` as transformers 5 does; of both the first is followed, as there
 * (`modeling_rope_utils.py`, `convert_rope_params_to_dict`).
 */
export function ropeOf(config: Config, headDim: number, defaults: RopeDefaults): RopeSpec {
  return turned(config, saidOfPositions(config), headDim, defaults);
}

/** What a config says of positions, in either form; null: nothing. */
export function saidOfPositions(config: Config): Config | null {
  const scaling = section(config, "rope_scaling");
  return scaling !== null && Object.keys(scaling.value).length > 0 ? scaling : section(config, "rope_parameters");
}

/** A source whose config says of positions what its class takes for granted, where it says nothing itself. */
export function withPositions(source: Source, positions: JsonObject): Source {
  const { config } = source;
  const said = ["rope_parameters", "rope_scaling"].some((key) => optional(config, key) !== null);
  return said ? source : { ...source, config: { ...config, value: { ...config.value, rope_parameters: positions } } };
}

/** For families whose classes count a part of a head and turn all of it, which fails there. */
export function requireWholeTurn(config: Config, given: Config | null = section(config, "rope_parameters")): void {
  const part = [given, config].find((each) => each !== null && optional(each, "partial_rotary_factor") !== null);
  if (part && positive(part, "partial_rotary_factor") !== 1) throw unsupported(part, "partial_rotary_factor", "transformers fails where a part of what turns does not");
}

/** The positions of one kind of layers, whose parameters are given. */
export function turned(config: Config, given: Config | null, headDim: number, defaults: RopeDefaults): RopeSpec {
  const parameters = given ?? { file: config.file, value: {} };
  const theta = positive(parameters, "rope_theta", positive(config, defaults.thetaKey ?? "rope_theta", defaults.theta));
  const key = defaults.partial?.key ?? "partial_rotary_factor";
  const partial = positive(parameters, "partial_rotary_factor", positive(config, key, defaults.partial?.fallback ?? 1));
  if (defaults.partial !== null && partial > 1) throw contradiction(config, key, "and a head has no more to turn than all of it");
  const dimensions = defaults.partial === null ? headDim : Math.trunc(headDim * partial);
  const scaling = scalingOf(config, parameters, defaults, dimensions / 2);
  if (defaults.partial === null && partial !== 1 && ropeType(parameters) !== "default") throw unsupported(config, key, "transformers scales positions of a part of a head, and turns all of it, in this family");
  if (dimensions % 2 !== 0 || dimensions === 0) throw new CheckpointError("unsupported-config", `${config.file} turns ${dimensions} of the ${headDim} columns of a head (${whence(config, parameters, defaults, partial)}); rotary positions need an even number`, { help: 'set model "…"' });
  return { theta, dimensions, scaling };
}

/** What in a config says how many columns are turned. */
function whence(config: Config, parameters: Config, { partial: named }: RopeDefaults, share: number): string {
  if (named === null) return optional(config, "head_dim") === null ? "`hidden_size` over its heads" : "`head_dim`";
  const said = optional(parameters, "partial_rotary_factor") !== null ? "partial_rotary_factor" : named.key;
  return `\`${said}\` is ${share}${said === named.key && optional(config, said) === null ? " where nothing is said" : ""}`;
}

function scalingOf(config: Config, scaling: Config, { context, longrope }: RopeDefaults, pairs: number): RopeSpec["scaling"] {
  const kind = ropeType(scaling);
  if (kind === "longrope" && longrope !== undefined) return longropeOf(config, scaling, longrope, pairs);
  switch (kind) {
    case "default":
      return { kind: "none" };
    // Its base grows with texts that are longer than the context, which none is here.
    case "dynamic":
      positive(scaling, "factor");
      return { kind: "none" };
    case "linear":
      return { kind: "linear", factor: positive(scaling, "factor") };
    case "llama3":
      return {
        kind: "llama3",
        factor: positive(scaling, "factor"),
        lowFreqFactor: positive(scaling, "low_freq_factor"),
        highFreqFactor: positive(scaling, "high_freq_factor"),
        originalContext: size(scaling, "original_max_position_embeddings", size(config, "max_position_embeddings", context)),
      };
    case "yarn":
      return yarn(config, scaling, context);
    default:
      throw new CheckpointError("unsupported-config", `${config.file} scales positions by \`${kind}\``, {
        notes: [`supported: ${SUPPORTED.join(", ")}`, ...(kind === "longrope" ? ["its angles depend on the length of the text, so one text would have two activations"] : [])],
        help: 'set model "…"',
      });
  }
}

export function ropeType(parameters: Config): string {
  return word(parameters, "rope_type", word(parameters, "type", "default"));
}

/**
 * transformers' `_compute_yarn_parameters`: the factor on cosines and sines is 0.1 ln(factor) + 1 unless it is given; with `mscale` and `mscale_all_dim`,
 * both, it is the ratio of two such, each with its own weight before the logarithm. One of them alone has no say.
 */
function yarn(config: Config, scaling: Config, fallback: number): RopeSpec["scaling"] {
  const context = size(config, "max_position_embeddings", fallback);
  const originalContext = size(scaling, "original_max_position_embeddings", context);
  const given = optional(scaling, "factor");
  const factor = given === null ? context / originalContext : positive(scaling, "factor");
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
