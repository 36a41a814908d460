/** Without this file families would each guess which of their layers see only a window. */
import { optional, size, type Config } from "../config.ts";
import { contradiction, unsupported } from "./family.ts";

/** Kinds of layers in a family with windows. */
export const WINDOWED = ["full_attention", "sliding_attention"] as const;
export type LayerKind = (typeof WINDOWED)[number];

/** `layer_types` where the config has them, else the family's own pattern; `kinds` are those that the family has. */
export function layerKinds<Kind extends string>(config: Config, layers: number, kinds: readonly Kind[], pattern: (layer: number) => Kind): readonly Kind[] {
  const given = optional(config, "layer_types");
  if (given === null) return Array.from({ length: layers }, (_, layer) => pattern(layer));
  if (!Array.isArray(given)) throw contradiction(config, "layer_types", "and must be a list");
  if (given.length !== layers) throw contradiction(config, "layer_types", `which has ${given.length} entries for ${layers} layers`);
  return given.map((kind) => {
    if (!kinds.some((known) => known === kind)) throw unsupported(config, "layer_types", `only ${kinds.join(" and ")} are computed`);
    return kind as Kind;
  });
}

/** Keys that each layer's queries see; null: all before them. */
export function windows(config: Config, kinds: readonly LayerKind[], fallback: number | null = null): readonly (number | null)[] {
  if (!kinds.includes("sliding_attention")) return kinds.map(() => null);
  if (Object.hasOwn(config.value, "sliding_window") && optional(config, "sliding_window") === null) throw contradiction(config, "sliding_window", "and layers with a window are asked for");
  const window = size(config, "sliding_window", fallback);
  return kinds.map((kind) => (kind === "sliding_attention" ? window : null));
}
