/** Without this file names of the features of one SAE could stand beside the features of another, which have the same numbers. */
import type { Hook } from "./hook.ts";

/** Which SAE features are of, as far as it is known. */
export interface FeaturesOf {
  readonly name: string;
  readonly layer: number | null;
  /** The part of a block that it reads, in the words of Neuronpedia's names; null for a transcoder, and where nobody says. */
  readonly part: "res" | "mlp" | "att" | null;
  /** What Neuronpedia calls it, without the model: `20-gemmascope-res-16k`; null where nobody says. */
  readonly id: string | null;
}

/** What Neuronpedia calls the part of a block that an SAE of a hook reads. */
export function partOf(hook: Hook | null): FeaturesOf["part"] {
  if (hook === "resid_pre" || hook === "resid_mid" || hook === "resid_post") return "res";
  if (hook === "mlp_out" || hook === "mlp_in") return "mlp";
  return hook === "attn_out" || hook === "z" ? "att" : null;
}

/** The layer that a source names in front, as `7-res-jb` and `7` do; null where it names none. */
export function layerOfSource(source: string): number | null {
  const digits = /^\d+(?=-|$)/.exec(source)?.[0];
  return digits === undefined ? null : Number(digits);
}

/**
 * Why names of a source (what Neuronpedia's exports write in the column `layer`) are of none of these SAEs; null where they may be, also where nothing is known.
 * Read as in "they are of layer 6, and these features of layer 7".
 */
export function ofAnother(source: string, saes: readonly FeaturesOf[]): string | null {
  if (saes.length === 0) return null;
  const layer = layerOfSource(source);
  const layers = saes.map((sae) => sae.layer);
  if (layer !== null && layers.every((each) => each !== null && each !== layer)) return `of layer ${layer} (${source}), and these features of layer ${[...new Set(layers)].join(", ")}`;
  const here = layer === null ? saes : saes.filter((sae) => sae.layer === null || sae.layer === layer);
  if (here.some(({ id }) => id === source)) return null;
  if (here.every(({ id }) => id !== null)) return `of ${source}, and these features of ${[...new Set(here.map(({ id }) => id))].join(", ")}`;
  const part = /[-_](res|mlp|att)(?:id|n)?(?=[-_]|$)/.exec(source)?.[1];
  if (part !== undefined && here.every((sae) => sae.part !== null && sae.part !== part)) return `of ${source}, and these features of another part of the block: ${[...new Set(here.map(({ name }) => name))].join(", ")}`;
  return null;
}
