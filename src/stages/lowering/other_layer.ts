/** Without this file a layer that no SAE reads would be refused without saying which one can be asked for, or that the model is still another. */
import type { Diagnostic } from "../../../grammar/diagnostic.ts";
import { widthIn, type Hook } from "../../ops/hook.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";

type Offer = Partial<Pick<Diagnostic, "notes" | "fix" | "help">>;

interface Asked {
  readonly layers: readonly number[];
  /** Null where it is the SAE's own. */
  readonly hook: Hook | null;
}

/** The layers that were meant where the SAEs that are set read others; the model that is to be set where they belong to another one. */
export function otherLayer(context: Lowering, model: ModelFacts, saes: readonly SaeFacts[], { layers, hook }: Asked): Offer {
  const other = otherModel(context, model, saes);
  if (other !== null) return other;
  const read = saes.flatMap((sae) => (sae.layer === null || sae.hook === null || sae.layer >= model.layers || (hook !== null && sae.hook !== hook) ? [] : [sae.layer]));
  const kept = layers.filter((layer) => read.includes(layer));
  const [only, ...others] = new Set(kept.length > 0 ? kept : read);
  // Of several that an SAE reads none is meant more than another.
  if (only === undefined || (kept.length === 0 && others.length > 0) || !context.given("layer")) return {};
  return { fix: { span: context.at("layer"), text: `layer ${[only, ...others].join(", ")}` } };
}

/** Where no model was set and an SAE of another one was: what to set before it. Null where that is not so. */
export function otherModel({ settings }: Lowering, model: ModelFacts, saes: readonly SaeFacts[]): Required<Pick<Offer, "notes" | "help">> | null {
  if (settings.modelGiven || model.ref.name !== settings.model) return null;
  const strange = saes.find((sae) => sae.ref.name !== model.ref.name && !fits(sae, model));
  if (strange === undefined) return null;
  return {
    notes: [`no \`set model\` stands before \`set sae\`, so the model is ${model.ref.name}, which ships with saeq`, `${strange.ref.name} was trained on ${strange.hookName}, d_in ${strange.dIn}`],
    help: `set model "${strange.trainedOn === null ? "…" : `hf:${strange.trainedOn}`}"`,
  };
}

/** Whether an SAE could have been trained on a model: by its layer, and by the width of what it reads. */
function fits({ layer, hook, dIn }: SaeFacts, model: ModelFacts): boolean {
  const fact = hook === null ? null : model.hooks[hook];
  return (layer === null || layer < model.layers) && (fact === null || fact.state === "absent" || widthIn(fact, layer ?? 0) === dIn);
}
