/** Without this file families would each guess which of their layers have experts. */
import { optional, type Config } from "../config.ts";
import { contradiction } from "./family.ts";

const [SPARSE, DENSE] = ["sparse", "dense"] as const;

/** Which layers have experts: those that `mlp_layer_types` calls sparse, where the config has it, else those from `first` on. */
export function sparseLayers(config: Config, layers: number, first: number): readonly boolean[] {
  const given = optional(config, "mlp_layer_types");
  if (given === null) return Array.from({ length: layers }, (_, layer) => layer >= first);
  if (!Array.isArray(given) || !given.every((kind) => kind === SPARSE || kind === DENSE)) throw contradiction(config, "mlp_layer_types", `and must be a list of ${SPARSE} and ${DENSE}`);
  if (given.length !== layers) throw contradiction(config, "mlp_layer_types", `which has ${given.length} entries for ${layers} layers`);
  return given.map((kind) => kind === SPARSE);
}
