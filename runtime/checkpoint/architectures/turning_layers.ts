/** Without this file families in which some layers know no positions would each read which these are. */
import { optional, size, type Config } from "../config.ts";
import { contradiction } from "./family.ts";

/** Which layers turn queries and keys: `no_rope_layers` has a number other than 0 for those that do, and may go on behind the last layer; else all but every fourth, or as `no_rope_layer_interval` says. */
export function turningLayers(config: Config, layers: number): readonly boolean[] {
  const given = optional(config, "no_rope_layers");
  if (given === null) {
    const every = size(config, "no_rope_layer_interval");
    return Array.from({ length: layers }, (_, layer) => (layer + 1) % every !== 0);
  }
  if (!Array.isArray(given) || !given.every((turns) => typeof turns === "boolean" || Number.isInteger(turns))) throw contradiction(config, "no_rope_layers", "and must be a list of numbers, 1 for layers with positions and 0 for those without");
  if (given.length < layers) throw contradiction(config, "no_rope_layers", `which has ${given.length} entries for ${layers} layers`);
  return given.slice(0, layers).map(Boolean);
}
