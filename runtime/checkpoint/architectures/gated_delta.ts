/** Without this file the Qwens in which linear attention and gated attention alternate would each be put together anew. */
import type { AttentionSpec, DeltaMaps, DeltaSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { HookFacts } from "../../../src/ops/hook.ts";
import { flag, size, type Config } from "../config.ts";
import { contradiction, linear, unsupported, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";
import { hooksOfKinds } from "./hook_modules.ts";
import { layerKinds } from "./layer_kinds.ts";

const KINDS = ["full_attention", "linear_attention"] as const;
export type DeltaKind = (typeof KINDS)[number];

/** The kinds of all layers: every fourth sees everything, or as `full_attention_interval` says, where there are no `layer_types`. */
export function deltaKinds(config: Config, layers: number): readonly DeltaKind[] {
  const every = size(config, "full_attention_interval", 4);
  return layerKinds(config, layers, KINDS, (layer) => ((layer + 1) % every === 0 ? "full_attention" : "linear_attention"));
}

/** Hooks of such layers, from those of softmax attention alone. */
export function hooksOfDelta(facts: HookFacts, block: string, kinds: readonly DeltaKind[]): HookFacts {
  return hooksOfKinds(facts, block, kinds.map((kind) => (kind === "linear_attention" ? "linear_attn.out_proj" : "self_attn.o_proj")), "linear attention have heads of another number and width");
}

/** Softmax attention below a module, with a gate behind the query of each head (`Qwen3NextAttention`). */
export function gatedAttention(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, at: string): AttentionSpec {
  const bias = flag(source.config, "attention_bias", false);
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.${name}_proj`, width, d, bias);
  return {
    kind: "softmax",
    qkv: { kind: "gated", q: part("q", 2 * heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
    o: linear(source, `${at}.o_proj`, d, heads * headDim, bias),
    qNorm: source.tensor(`${at}.q_norm.weight`, [headDim]),
    kNorm: source.tensor(`${at}.k_norm.weight`, [headDim]),
    rope,
    window: null,
    scale: 1 / Math.sqrt(headDim),
  };
}

export type DeltaSizes = Pick<DeltaSpec, "keyHeads" | "valueHeads" | "keyDim" | "valueDim" | "kernel">;

/** Linear attention below a module; `mapsOf` reads what the family keeps its maps in. */
export function gatedDelta(source: Source, d: number, at: string, mapsOf: (sizes: DeltaSizes) => DeltaMaps): DeltaSpec {
  const sizes = sizesOf(source.config);
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = sizes;
  const values = valueHeads * valueDim;
  return {
    kind: "delta",
    ...sizes,
    maps: mapsOf(sizes),
    conv: source.tensor(`${at}.conv1d.weight`, [2 * keyHeads * keyDim + values, 1, kernel]),
    aLog: source.tensor(`${at}.A_log`, [valueHeads]),
    dt: source.tensor(`${at}.dt_bias`, [valueHeads]),
    norm: source.tensor(`${at}.norm.weight`, [valueDim]),
    o: linear(source, `${at}.out_proj`, d, values, false),
  };
}

function sizesOf(config: Config): DeltaSizes {
  const keyHeads = size(config, "linear_num_key_heads", 16);
  const valueHeads = size(config, "linear_num_value_heads", 32);
  if (valueHeads % keyHeads !== 0) throw contradiction(config, "linear_num_value_heads", `which the ${keyHeads} key heads do not divide`);
  const kernel = size(config, "linear_conv_kernel_dim", 4);
  if (kernel < 2) throw unsupported(config, "linear_conv_kernel_dim", "a convolution that sees one token is none");
  return { keyHeads, valueHeads, keyDim: size(config, "linear_key_head_dim", 128), valueDim: size(config, "linear_value_head_dim", 128), kernel };
}
