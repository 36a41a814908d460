/** Without this file families whose kinds of layers turn each in its own way would each look up what is said of a kind. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import { optional, section, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { contradiction } from "./family.ts";
import type { LayerKind } from "./layer_kinds.ts";
import { requireWholeTurn, turned } from "./rope.ts";

/**
 * Positions of one kind of layers: parameters stand under its name in `rope_parameters`, and nothing outside of them counts (`LagunaRotaryEmbedding`). `unsaid`: what they are where
 * the config has none at all; `parts`: whether a part of a head may turn.
 */
export function kindRope(config: Config, headDim: number, kind: LayerKind, unsaid: Readonly<Record<LayerKind, JsonObject>>, parts: boolean): RopeSpec {
  const given = section(config, "rope_parameters");
  const own = given === null ? { file: config.file, value: unsaid[kind] } : section(given, kind);
  if (own === null || optional(own, "rope_theta") === null) throw contradiction(config, "rope_parameters", `and says no \`rope_theta\` of ${kind}`);
  const { partial_rotary_factor: _, ...silent } = config.value;
  const around = { ...config, value: silent };
  if (!parts) requireWholeTurn(around, own);
  return turned(around, own, headDim, { theta: 10_000, partial: parts ? { key: "partial_rotary_factor", fallback: 1 } : null, context: size(config, "max_position_embeddings") });
}
