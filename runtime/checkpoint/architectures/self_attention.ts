/** Without this file each family whose attention has Llama's names would put the same four maps together. */
import type { AttentionSpec } from "../../../src/emit/attention_specs.ts";
import { linear, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";

export interface SelfAttention extends Pick<AttentionSpec, "rope" | "window">, Partial<Omit<AttentionSpec, "kind" | "qkv" | "o" | "rope" | "window">> {
  readonly bias: boolean;
  readonly outputBias: boolean;
  /** What the map of the output is called; absent: `o_proj`. */
  readonly output?: string;
}

/** Maps q_proj, k_proj, v_proj and o_proj of a layer; scores are divided by the root of a head's width where nothing else is said. */
export function selfAttention(source: Source, layer: number, { hiddenSize: d, heads, kvHeads, headDim }: Heads, { bias, outputBias, output = "o_proj", ...own }: SelfAttention): AttentionSpec {
  const at = `layers.${layer}.self_attn`;
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.${name}_proj`, width, d, bias);
  return {
    kind: "softmax",
    qkv: { kind: "separate", q: part("q", heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
    o: linear(source, `${at}.${output}`, d, heads * headDim, outputBias),
    qNorm: null,
    kNorm: null,
    scale: 1 / Math.sqrt(headDim),
    ...own,
  };
}
