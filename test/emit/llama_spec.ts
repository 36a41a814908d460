/** Without this file each test with random weights would spell out what a Llama is made of. */
import { hookFacts } from "../../runtime/checkpoint/architectures/hook_modules.ts";
import type { BlockSpec, DecoderSpec, LinearSpec, TensorRef } from "../../src/emit/specs.ts";

export interface LlamaWeights {
  readonly embed: TensorRef;
  readonly blocks: readonly Readonly<Record<"ln1" | "q" | "k" | "v" | "o" | "ln2" | "gate" | "up" | "down", TensorRef>>[];
  readonly finalNorm: TensorRef;
}

type Sizes = Pick<DecoderSpec, "digest" | "hiddenSize" | "heads" | "kvHeads" | "headDim" | "context">;

/** A Llama with tied embeddings and no biases. */
export function llamaSpec(sizes: Sizes, { embed, blocks, finalNorm }: LlamaWeights): DecoderSpec {
  const linear = (weight: TensorRef): LinearSpec => ({ weight, layout: "out_in", bias: null });
  const block = (w: LlamaWeights["blocks"][number]): BlockSpec => ({
    ln1: { weight: w.ln1, bias: null },
    attention: {
      kind: "softmax",
      qkv: { kind: "separate", q: linear(w.q), k: linear(w.k), v: linear(w.v) },
      o: linear(w.o),
      qNorm: null,
      kNorm: null,
      rope: { theta: 10000, dimensions: sizes.headDim, scaling: { kind: "none" } },
      window: null,
      scale: 1 / Math.sqrt(sizes.headDim),
    },
    attentionPostNorm: null,
    ln2: { weight: w.ln2, bias: null },
    mlp: { kind: "gated", activation: "silu", gate: linear(w.gate), up: linear(w.up), down: linear(w.down) },
    mlpPostNorm: null,
  });
  return {
    ...sizes,
    architecture: "llama",
    norm: { kind: "rms", epsilon: 1e-5, offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary: embed.shape[0] as number,
    embed,
    embedScale: null,
    positions: null,
    blocks: blocks.map(block),
    finalNorm: { weight: finalNorm, bias: null },
    lmHead: null,
    lmHeadBias: null,
    hooks: hookFacts(sizes, { block: "model.layers.{layer}", ln1: "ln1", ln2: "ln2", o: "o", attentionOut: "o", mlpOut: "down", parallel: false }),
  };
}
