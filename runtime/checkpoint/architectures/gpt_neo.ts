/** Without this file GPT-Neo could not be read, nor the models of TinyStories, which are small ones of its kind. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { optional, size, sizeUnder, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { aroundGpt } from "./around_blocks.ts";
import { contradiction, layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const gptNeo: Family = { types: ["gpt_neo"], embedding: "wte.weight", read };

/** transformers 5.24 `models/gpt_neo/modeling_gpt_neo.py`, `configuration_gpt_neo.py`: scores are not scaled, and of the layers some see a window. */
function read(source: Source): Decoder {
  const { config } = source;
  const hiddenSize = size(config, "hidden_size", 2048);
  const heads = sizeUnder(config, "num_heads", "num_attention_heads", 16);
  if (hiddenSize % heads !== 0) throw contradiction(config, "hidden_size", `which ${heads} heads do not divide`);
  const shape: Heads = { hiddenSize, heads, kvHeads: heads, headDim: hiddenSize / heads };
  const context = size(config, "max_position_embeddings", 2048);
  const vocabulary = size(config, "vocab_size", 50257);
  const layers = layerCount({ ...config, value: { ...config.value, num_layers: sizeUnder(config, "num_layers", "num_hidden_layers", 24) } }, "num_layers");
  return {
    architecture: "gpt_neo",
    ...shape,
    ...aroundGpt(source, hiddenSize, { vocabulary, context, embed: "wte.weight", positions: "wpe.weight" }),
    blocks: windowsOf(config, layers).map((window, layer) => blockOf(source, hiddenSize, window, layer)),
    finalNorm: normOf(source, "ln_f", hiddenSize, true),
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: "ln_1", ln2: "ln_2", o: "attn.attention.out_proj", attentionOut: "attn.attention.out_proj", mlpOut: "mlp.c_proj", parallel: false }),
  };
}

/** `attention_types` is a list of [kinds, how often they come]: `[[["global", "local"], 12]]`. */
function windowsOf(config: Config, layers: number): readonly (number | null)[] {
  const given = optional(config, "attention_types") ?? [[["global", "local"], 12]];
  if (!Array.isArray(given)) throw contradiction(config, "attention_types", "and must be a list");
  const kinds = given.flatMap((item: unknown): readonly unknown[] => {
    const [names, times] = Array.isArray(item) ? item : [];
    if (!Array.isArray(names) || !Number.isInteger(times) || (times as number) < 0 || (times as number) * names.length > 1024) throw contradiction(config, "attention_types", "and holds lists of kinds and how often they come");
    return Array.from({ length: times as number }, () => names as readonly unknown[]).flat();
  });
  if (kinds.length !== layers) throw contradiction(config, "attention_types", `which has ${kinds.length} entries for ${layers} layers`);
  const window = kinds.includes("local") ? size(config, "window_size", 256) : null;
  return kinds.map((kind) => {
    if (kind !== "global" && kind !== "local") throw unsupported(config, "attention_types", "only global and local are computed");
    return kind === "local" ? window : null;
  });
}

function blockOf(source: Source, d: number, window: number | null, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const inner = size(source.config, "intermediate_size", 4 * d);
  const part = (name: string, bias: boolean): ReturnType<typeof linear> => linear(source, `${at}.attn.attention.${name}_proj`, d, d, bias);
  return {
    ln1: normOf(source, `${at}.ln_1`, d, true),
    attention: { kind: "softmax", qkv: { kind: "separate", q: part("q", false), k: part("k", false), v: part("v", false) }, o: part("out", true), qNorm: null, kNorm: null, rope: null, window, scale: 1 },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.ln_2`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "activation_function", "gelu_new"), up: linear(source, `${at}.mlp.c_fc`, inner, d, true), down: linear(source, `${at}.mlp.c_proj`, d, inner, true) },
    mlpPostNorm: null,
  };
}
