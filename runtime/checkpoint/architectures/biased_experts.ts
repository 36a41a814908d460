/** Without this file families whose experts are chosen with a bias, as DeepSeek V3's are, would each read their routers anew. */
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import { flag, optional, positive, size, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { mixtureOf } from "./experts.ts";
import { contradiction, linear, type Source } from "./family.ts";

const BIAS = "e_score_correction_bias";

/** Experts below a module, chosen by the sigmoid of their scores and a bias, in groups where there are some, and an MLP that all tokens take (`DeepseekV3MoE`). */
export function biasedExperts(source: Source, at: string, d: number): GatedExpertsSpec {
  const { config } = source;
  const { count, perToken, groups, groupsPerToken } = groupsOf(config, 2);
  const width = size(config, "moe_intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  const mixture = mixtureOf(source, at, d, {
    count,
    perToken,
    width,
    activation,
    normalized: flag(config, "norm_topk_prob", false),
    choosing: { kind: "biased", shares: "sigmoid", bias: source.tensor(biasName(source, at), [count]), groups, groupsPerToken, bestOfGroup: 2, leastSum: 1e-20, factor: positive(config, "routed_scaling_factor", 1) },
  });
  return { ...mixture, shared: optional(config, "n_shared_experts") === 0 ? null : sharedExperts(source, at, d, { width: width * size(config, "n_shared_experts"), activation, bias: false }) };
}

/** As most publishers and the modules of transformers 5 hold it, or beside the router (`conversion_mapping.py`). */
function biasName({ holds }: Source, at: string): string {
  return holds(`${at}.${BIAS}`) ? `${at}.${BIAS}` : `${at}.gate.${BIAS}`;
}

/** Experts that all tokens take are one MLP as wide as all of them. */
export function sharedExperts(source: Source, at: string, d: number, { width, activation, bias }: Pick<GatedExpertsSpec, "activation"> & { readonly width: number; readonly bias: boolean }): GatedExpertsSpec["shared"] {
  const part = (name: string, out: number, into: number): ReturnType<typeof linear> => linear(source, `${at}.shared_experts.${name}_proj`, out, into, bias);
  return { mlp: { kind: "gated", activation, gate: part("gate", width, d), up: part("up", width, d), down: part("down", d, width) }, gate: null };
}

export interface Groups {
  readonly count: number;
  readonly perToken: number;
  readonly groups: number;
  readonly groupsPerToken: number;
}

/** How many experts there are and a token takes, and of which groups; each has at least `least`. */
export function groupsOf(config: Config, least: number): Groups {
  const count = size(config, optional(config, "num_local_experts") === null ? "n_routed_experts" : "num_local_experts");
  const [perToken, groups, groupsPerToken] = [size(config, "num_experts_per_tok"), size(config, "n_group", 1), size(config, "topk_group", 1)];
  if (count % groups !== 0 || count / groups < least) throw contradiction(config, "n_group", `and ${count} experts are no such groups of at least ${least}`);
  if (groupsPerToken > groups) throw contradiction(config, "topk_group", `and there are ${groups} groups`);
  if (perToken > (count / groups) * groupsPerToken) throw contradiction(config, "num_experts_per_tok", `and a token has ${(count / groups) * groupsPerToken} experts to choose from`);
  return { count, perToken, groups, groupsPerToken };
}
