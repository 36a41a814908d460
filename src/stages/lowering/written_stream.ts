/** Without this file a direction of the heads' outputs, or of an MLP's input, would be read as one of the residual stream. */
import { isOutputOf, moduleOf, writesStream, type Hook } from "../../ops/hook.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";
import { modelAgrees } from "./encoded.ts";
import { otherModel } from "./other_layer.ts";

/** What stands between a place that is no part of the stream and the stream. */
const WAY: Readonly<Record<string, string>> = {
  z: "what the heads give goes through the attention's output matrix first",
  mlp_in: "what goes into the MLP comes out of it as something else",
  ln1_normalized: "what a norm makes of the stream goes into attention, and not back",
  ln2_normalized: "what a norm makes of the stream goes into the MLP, and not back",
};

/** Hooks that are the stream of a model or are added to it as they are, for a sentence. */
function placesOf({ hooks }: ModelFacts): string {
  const isAdded = (hook: Hook): boolean => !("normedBy" in hooks[hook]);
  const places = (["resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out"] as const).filter(isAdded);
  return `${places.slice(0, -1).join(", ")} or ${places.at(-1)}`;
}

/** Whether what the decoder writes is the residual stream of the model or is added to it, so that its directions reach the output as they are; says why not. */
export function writesToStream(context: Lowering, model: ModelFacts, sae: SaeFacts): boolean {
  const { layer, hook, hookName, width } = sae.writes ?? { ...sae, width: sae.dIn };
  const refuse = (code: string, message: string, notes: readonly string[], help: string): false => {
    context.report({ code, message, notes: [`${sae.ref.name}: ${sae.writes === null ? "trained on" : "writes"} ${hookName === "" ? "a place that it does not name" : hookName}`, ...notes], help });
    return false;
  };
  const other = `set sae "…" to one of ${placesOf(model)}`;
  const strays = (why: string): false => refuse("hook-mismatch", `the decoder directions of this SAE are no directions of the residual stream, so they promote no tokens by themselves`, [why], other);
  if (hook === null || !writesStream(hook)) return strays(hook === null ? "nothing is known of that place" : WAY[hook] ?? "");
  const fact = model.hooks[hook];
  if (layer !== null && layer >= model.layers) return refuse("hook-mismatch", `this SAE is of layer ${layer}, and ${model.ref.name} has ${model.layers} layers, 0 to ${model.layers - 1}`, otherModel(context, model, [sae])?.notes ?? [], otherModel(context, model, [sae])?.help ?? 'set model "…" to the model that the SAE was trained on');
  if (fact.state === "absent") return refuse("hook-absent", `the blocks of ${model.ref.name} have no ${hook}`, [`${model.architecture}: ${fact.why}`], other);
  if (fact.normedBy !== undefined) return strays(`${model.ref.name}: ${hook} goes through ${fact.normedBy.replace("{layer}", String(layer ?? 0))} before it joins the stream`);
  if (!isOutputOf(sae.module, fact, layer ?? 0)) return refuse("hook-mismatch", `this SAE is of what \`${sae.module?.replaceAll("|", "` or `")}\` gives out, and what joins the residual stream of this model is something else`, [`${model.ref.name}: ${hook} is the ${moduleOf(model.hooks, { layer: layer ?? 0, hook })}`], other);
  if (width !== model.hiddenSize) {
    const strange = otherModel(context, model, [sae]);
    return refuse("sae-width-mismatch", `the decoder of this SAE writes vectors of ${width} numbers, but the model's have ${model.hiddenSize}`, [`${model.ref.name}: hidden size ${model.hiddenSize}`, ...(strange?.notes.slice(0, 1) ?? [])], strange?.help ?? 'set model "…" to the model that the SAE was trained on');
  }
  return modelAgrees(context, model, sae);
}
