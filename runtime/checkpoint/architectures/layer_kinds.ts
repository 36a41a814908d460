/** Without this file families would each guess which of their layers see only a window. */
import { optional, size, type Config } from "../config.ts";
import { contradiction, unsupported } from "./family.ts";

export type LayerKind = "full_attention" | "sliding_attention";

/** `layer_types` where the config has them, else the family's own pattern. */
export function layerKinds(config: Config, layers: number, pattern: (layer: number) => LayerKind): readonly LayerKind[] {
  const given = optional(config, "layer_types");
  if (given === null) return Array.from({ length: layers }, (_, layer) => pattern(layer));
  if (!Array.isArray(given)) throw contradiction(config, "layer_types", "and must be a list");
  if (given.length !== layers) throw contradiction(config, "layer_types", `which has ${given.length} entries for ${layers} layers`);
  return given.map((kind) => {
    if (kind !== "full_attention" && kind !== "sliding_attention") throw unsupported(config, "layer_types", "only full_attention and sliding_attention are computed");
    return kind;
  });
}

/** Keys that each layer's queries see; null: all before them. */
export function windows(config: Config, kinds: readonly LayerKind[], fallback: number | null = null): readonly (number | null)[] {
  if (!kinds.includes("sliding_attention")) return kinds.map(() => null);
  if (Object.hasOwn(config.value, "sliding_window") && optional(config, "sliding_window") === null) throw contradiction(config, "sliding_window", "and layers with a window are asked for");
  const window = size(config, "sliding_window", fallback);
  return kinds.map((kind) => (kind === "sliding_attention" ? window : null));
}
