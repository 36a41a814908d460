/** Without this file `acts` would have to be told what its SAE says of itself: where it was trained. */
import { writesStream } from "../../ops/hook.ts";
import type { ArgValues } from "../args.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";
import { otherLayer } from "./other_layer.ts";
import { RESIDUAL_ARGS, type BySae, type Reading } from "./residual.ts";

export const ACTS_ARGS = { ...RESIDUAL_ARGS, hook: { ...RESIDUAL_ARGS.hook, doc: `${RESIDUAL_ARGS.hook.doc}. Not said: the hook of the SAE`, depends: true } } as const;

/** The SAE of a layer: of the hook that is asked for, else of the residual stream after the block, else the first. */
function saeOf(saes: readonly SaeFacts[], layer: number, hook: string): SaeFacts | undefined {
  const here = saes.filter((sae) => sae.layer === layer);
  return here.find((sae) => sae.hook === hook) ?? here[0];
}

/** How `residual` reads at the SAEs that are set. */
export function atSaes(context: Lowering, args: ArgValues<typeof ACTS_ARGS>, saes: readonly SaeFacts[]): BySae {
  return {
    read: (layer, model) => readBySae(context, args, saes, layer, model),
    meant: (model) => otherLayer(context, model, saes, { layers: args.layer, hook: context.given("hook") ? args.hook : null }),
  };
}

/** The hook that is asked for or else the SAE's own, centred or without value biases where the SAE was trained so. */
function readBySae(context: Lowering, args: ArgValues<typeof ACTS_ARGS>, saes: readonly SaeFacts[], layer: number, model: ModelFacts): Reading {
  const sae = saeOf(saes, layer, args.hook);
  const hook = context.given("hook") ? args.hook : (sae?.hook ?? args.hook);
  return { hook, ...(args.centred || (sae !== undefined && wantsCentred(sae, model, hook)) ? { centred: true } : {}), ...(sae === undefined ? {} : foldedBy(sae, hook)) };
}

/** Value biases are in `z` alone of what can be read. */
export function foldedBy(sae: SaeFacts, hook: Reading["hook"]): Pick<Reading, "folded"> {
  return sae.folded === null || hook !== "z" ? {} : { folded: sae.folded };
}

/** TransformerLens centres models with LayerNorm only, whatever a config asks for. */
export function wantsCentred(sae: SaeFacts, model: ModelFacts, hook: Reading["hook"]): boolean {
  return sae.centred && model.norm === "layer" && writesStream(hook);
}
