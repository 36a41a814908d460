/** Without this file an SAE could be applied to activations it was not trained on. */
import type { Diagnostic } from "../../../grammar/diagnostic.ts";
import { HOOK_WORDS, isOutputOf, moduleOf, widthIn } from "../../ops/hook.ts";
import type { Plan, Tap } from "../../ops/op.ts";
import type { ColumnSchema } from "../../ops/schema.ts";
import { source } from "../../ops/key.ts";
import { TOKEN_COLUMNS } from "./documents.ts";
import { disagreement } from "./base_model.ts";
import { together } from "./edited.ts";
import { otherLayer, otherModel } from "./other_layer.ts";
import { wantsCentred, foldedBy } from "./sae_reading.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";

const ACTS_COLUMNS: readonly ColumnSchema[] = [
  ...TOKEN_COLUMNS,
  { name: "feature", type: "int" },
  { name: "value", type: "float" },
];

/** dense → acts, with every fact on which model and SAE could disagree checked first; of groups that were read by themselves each by itself. */
export function encoded(context: Lowering, dense: Plan): Plan | null {
  if (dense.op.op === "group") {
    const members = dense.inputs.map((each) => encoded(context, each));
    return members.every((each) => each !== null) ? together(context, dense.op.names, members) : null;
  }
  const model = context.model();
  const saes = context.saes();
  if (model === null || saes.length === 0) return null;
  const forward = source(dense).op;
  if (forward.op !== "forward") throw new Error(`encode on ${forward.op}`);
  const chosen: SaeFacts[] = [];
  for (const tap of forward.taps) {
    const sae = saeFor(context, model, saes, { tap, layers: forward.taps.map(({ layer }) => layer) });
    if (sae === null) return null;
    chosen.push(sae);
    tellLeftOut(context, saes, sae, tap);
  }
  if (!bosAgrees(context, dense, chosen)) return null;
  const several = forward.taps.length > 1;
  return context.node(
    { op: "encode", saes: chosen.map(({ ref }) => ref) },
    [dense],
    { ...dense.schema, kind: "acts", columns: several ? [{ name: "layer", type: "int" }, ...ACTS_COLUMNS] : ACTS_COLUMNS },
  );
}

/** Of several that are set for one place the first is taken, as setting two cannot say which is meant. */
function tellLeftOut(context: Lowering, saes: readonly SaeFacts[], taken: SaeFacts, tap: Tap): void {
  const left = saes.filter(({ layer, hook, ref }) => layer === tap.layer && hook === tap.hook && (ref.digest !== taken.ref.digest || ref.convention !== taken.ref.convention));
  if (left.length === 0) return;
  context.report({
    severity: "warning",
    code: "sae-left-out",
    message: `${left.map(({ ref }) => `\`${ref.name}\``).join(", ")} ${left.length === 1 ? "reads" : "read"} layer ${tap.layer} ${tap.hook}, too, and \`${taken.ref.name}\`, which was named before, is taken`,
    notes: ["one place is read with one SAE at a time: the other is set on a line of its own before the next pipeline"],
    help: `set sae ${JSON.stringify(left[0]!.ref.name)}`,
  });
}

/** The SAE trained on exactly this hook. A near hook is never substituted. */
export function saeFor(context: Lowering, model: ModelFacts, saes: readonly SaeFacts[], { tap, layers: asked, stage = "acts" }: { readonly tap: Tap; readonly layers: readonly number[]; readonly stage?: string }): SaeFacts | null {
  const match = saes.find((sae) => sae.layer === tap.layer && sae.hook === tap.hook);
  if (match === undefined) {
    const here = saes.find((sae) => sae.layer === tap.layer);
    const first = here ?? saes[0]!;
    const layers = saes.map((sae) => sae.layer ?? "any").join(", ");
    const other = otherLayer(context, model, saes, { layers: asked, hook: context.given("hook") ? tap.hook : null });
    const hook = here === undefined || here.hook === null || !context.given("hook") ? {} : { fix: { span: context.at("hook"), text: `hook ${here.hook}` } };
    context.report({
      code: "hook-mismatch",
      message: here !== undefined || first.layer === null
        ? `this SAE reads ${first.hook ?? first.hookName}, ${context.given("hook") ? "you asked for" : "the stage reads"} ${tap.hook}`
        : `${saes.length === 1 ? "this SAE reads" : "these SAEs read"} layer ${layers}, you asked for layer ${tap.layer}`,
      span: context.at(here !== undefined && context.given("hook") ? "hook" : "layer"),
      notes: [...saes.map((sae) => `${sae.ref.name} was trained on ${sae.hookName}, d_in ${sae.dIn}`), first.hook === null ? `hooks that are read: ${HOOK_WORDS.join(", ")}` : `for ${here === undefined ? `layer ${tap.layer}` : `${tap.hook} at layer ${tap.layer}`} an SAE that was trained there is set before: set sae "…"`],
      ...(first.hook === null || first.layer === null || first.layer >= model.layers ? { help: 'set sae "…"' } : (here === undefined ? other : hook).fix === undefined ? { help: `${stage} layer ${first.layer}` } : {}),
      ...(here === undefined ? other : hook),
    });
    return null;
  }
  const fact = model.hooks[tap.hook];
  if (match.writes === null && !isOutputOf(match.module, fact, tap.layer)) {
    context.report({
      code: "hook-mismatch",
      message: `this SAE reads what \`${match.module?.replaceAll("|", "` or `")}\` gives out, and ${tap.hook} of this model is something else`,
      span: context.at(context.given("hook") ? "hook" : "layer"),
      notes: [`${match.ref.name} was trained on the output of ${match.module?.replaceAll("|", " or ")}`, `${model.ref.name}: ${tap.hook} is the ${moduleOf(model.hooks, tap)}`],
      help: 'set sae "…"',
    });
    return null;
  }
  const width = fact.state === "present" ? widthIn(fact, tap.layer) : 0;
  if (match.dIn !== width) {
    const other = otherModel(context, model, saes);
    context.report({
      code: "sae-width-mismatch",
      message: `this SAE reads vectors of ${match.dIn} numbers, but the model's have ${width}`,
      notes: [`${match.ref.name}: d_in ${match.dIn}`, width === model.hiddenSize ? `${model.ref.name}: hidden size ${width}` : `${model.ref.name}: ${tap.hook} has ${width}`, ...(other?.notes.slice(0, 1) ?? [])],
      help: other?.help ?? 'set model "…"',
    });
    return null;
  }
  if (tap.centred !== true && wantsCentred(match, model, tap.hook)) {
    context.report({
      code: "centring-mismatch",
      message: "this SAE was trained on a stream whose mean is subtracted, and this one is as the model makes it",
      notes: [`${match.ref.name}: center_writing_weights true`],
      ...centredBefore(context, tap),
    });
    return null;
  }
  if (tap.folded !== foldedBy(match, tap.hook).folded) {
    context.report({
      code: "hook-mismatch",
      message: match.folded === null ? "this SAE was trained on z with the value biases of the heads, and here they are taken off" : "this SAE was trained on z without the value biases of the heads, and here they are in it",
      span: context.at(context.given("hook") ? "hook" : "layer"),
      notes: [`${match.ref.name}: fold_value_biases ${match.folded !== null}`],
      help: `acts layer ${tap.layer}`,
    });
    return null;
  }
  return modelAgrees(context, model, match) ? match : null;
}

/** The stream with its mean subtracted, where it is read. */
function centredBefore(context: Lowering, { layer, hook }: Tap): Pick<Diagnostic, "label" | "fix" | "help"> {
  const written = `resid layer ${layer} hook ${hook} centred`;
  const fix = context.insteadOf("resid", written);
  return fix === null ? { help: `${written} | encode` } : { label: "`centred` subtracts it", fix };
}

/** Widths agree between a model and what it was tuned into, so names must. */
export function modelAgrees(context: Lowering, model: ModelFacts, sae: SaeFacts): boolean {
  if (!context.settings.guard || sae.trainedOn === null || model.repository === null) return true;
  const differs = disagreement(sae.trainedOn, model.repository);
  if (differs === null) return true;
  context.report({
    code: "model-mismatch",
    message: `this SAE was trained on ${sae.trainedOn}, and the model is ${model.repository}`,
    notes: [`${sae.ref.name}: trained on ${sae.trainedOn}`, `${model.ref.name}: ${model.repository}${differs === "tuning" ? "; one of the two is tuned for instructions, the other is not" : ""}`, "to use it all the same: set guard off"],
    help: `set model "hf:${sae.trainedOn}"`,
  });
  return false;
}

function bosAgrees(context: Lowering, dense: Plan, saes: readonly SaeFacts[]): boolean {
  const tokens = source(source(dense).inputs[0]!).op;
  return tokens.op !== "tokenize" || tokens.rendered === true || bosIsAsTrained(context, tokens.bos, saes);
}

/** Whether texts begin as those that the SAEs were trained on; where it was said how they begin, that is what is meant. */
export function bosIsAsTrained(context: Lowering, bos: boolean, saes: readonly SaeFacts[]): boolean {
  const other = saes.find((sae) => sae.prependBos !== bos);
  if (other === undefined || context.settings.bos !== null) return true;
  context.report({
    code: "bos-mismatch",
    message: `the SAE was trained ${other.prependBos ? "with" : "without"} a beginning-of-text token, the tokenizer ${bos ? "adds one" : "adds none"}`,
    notes: [`${other.ref.name}: prepend_bos ${other.prependBos}`],
    help: `set bos ${other.prependBos}`,
  });
  return false;
}
