/** Without this file `resid` and `acts` would check layers and lower the forward pass in two ways. */
import type { Diagnostic } from "../../../grammar/diagnostic.ts";
import { HOOK_WORDS, writesStream } from "../../ops/hook.ts";
import type { Plan, Tap } from "../../ops/op.ts";
import { flag, ints, oneOf, type ArgValues } from "../args.ts";
import { documentTokens, TOKEN_COLUMNS } from "./documents.ts";
import { eachEdited, editsIn, editsOf, findTheirPart, spent, tellUnread } from "./edited.ts";
import { hasAnswer } from "./rendered.ts";
import { WINDOW_ARGS, windowOf } from "./window.ts";
import type { Lowering, ModelFacts } from "../stage.ts";

/** Where the model is read: the arguments of every stage that does. */
export const RESIDUAL_ARGS = {
  layer: ints({ keyword: true, min: 0, of: "layer", doc: "Layers to read, from 0" }),
  hook: oneOf(HOOK_WORDS, { keyword: true, default: "resid_post", doc: "Where in the block, by TransformerLens' names: the stream after, in and before it, what MLP and attention add to it, the heads' outputs side by side, what goes into the MLP, or what a norm makes of its input before its weight" }),
  centred: flag("Subtract the mean over the model's dimensions, as `center_writing_weights` of TransformerLens does (models with LayerNorm)"),
  ...WINDOW_ARGS,
} as const;

/** What is read at one layer. */
export type Reading = Pick<Tap, "hook" | "centred" | "folded">;

/** What the SAEs that are set read. */
export interface BySae {
  readonly read: (layer: number, model: ModelFacts) => Reading;
  /** For a layer that the model does not have. */
  readonly meant: (model: ModelFacts) => Partial<Pick<Diagnostic, "notes" | "fix" | "help">>;
}

/**
 * tokens → dense activations at the asked layers, computed naively: all blocks, sliced afterwards. Rules make it cheap. `sae` says what is
 * read at a layer; the hook that was asked for, where it is not given.
 */
export function residual(context: Lowering, args: ArgValues<typeof RESIDUAL_ARGS>, sae?: BySae): Plan | null {
  return eachEdited(context, (own) => pass(own, args, sae));
}

function pass(context: Lowering, args: ArgValues<typeof RESIDUAL_ARGS>, sae: BySae | undefined): Plan | null {
  const model = context.model();
  const tokens = documentTokens(context);
  if (model === null || tokens === null) return null;
  for (const layer of args.layer) if (!isLayer(context, model, layer, sae?.meant(model) ?? {})) return null;
  if (new Set(args.layer).size !== args.layer.length) {
    context.report({ code: "wrong-argument", message: "a layer is named twice", span: context.at("layer") });
    return null;
  }
  const window = windowOf(context, args);
  if (window === null) return null;
  const asked: Reading = { hook: args.hook, ...(args.centred ? { centred: true } : {}) };
  const taps = args.layer.map((layer): Tap => ({ layer, ...(sae === undefined ? asked : sae.read(layer, model)), sae: null }));
  if (taps.some((tap) => !readable(context, model, tap))) return null;
  if (!hasAnswer(context, tokens, args.of, "of", `acts layer ${args.layer.join(", ")} of continuation`) || !findTheirPart(context, tokens)) return null;
  tellUnread(context, model, editsIn(tokens.schema), taps);
  return context.node(
    {
      op: "forward",
      model: model.ref,
      taps,
      window,
      blocks: null,
      slice: "after",
      ...editsOf(tokens.schema),
    },
    [tokens],
    { ...spent(tokens.schema), kind: "dense", columns: TOKEN_COLUMNS, layers: args.layer },
  );
}

/** Whether the model has the layer. `meant`: what is said besides where it has not. */
export function isLayer(context: Lowering, model: ModelFacts, layer: number, meant: ReturnType<BySae["meant"]>): boolean {
  if (layer < model.layers) return true;
  context.report({
    code: "layer-beyond-model",
    message: `there is no layer ${layer}`,
    span: context.at("layer"),
    ...meant,
    notes: [`${model.ref.name} has ${model.layers} layers, 0 to ${model.layers - 1}`, ...(meant.notes ?? [])],
  });
  return false;
}

/** Whether the model has the hook, and centring it means something. */
export function readable(context: Lowering, model: ModelFacts, tap: Tap): boolean {
  const fact = model.hooks[tap.hook];
  if (fact.state === "absent") {
    const there = HOOK_WORDS.filter((hook) => model.hooks[hook].state === "present");
    context.report({
      code: "hook-absent",
      message: `the blocks of ${model.ref.name} have no ${tap.hook}`,
      span: context.at(context.given("hook") ? "hook" : "layer"),
      notes: [`${model.architecture}: ${fact.why}`, `hooks it has: ${there.join(", ")}`],
      help: `resid layer ${tap.layer} hook ${there[0]}`,
    });
    return false;
  }
  if (tap.centred !== true || (model.norm === "layer" && writesStream(tap.hook))) return true;
  context.report({
    code: "wrong-argument",
    message: model.norm === "layer" ? `\`centred\` changes nothing at ${tap.hook}` : "`centred` is for models with LayerNorm, and this one has RMSNorm",
    span: context.at("centred"),
    notes: [model.norm === "layer" ? "what is centred is the residual stream and what is added to it" : `${model.ref.name} is a ${model.architecture}; TransformerLens never centres a model with RMSNorm`],
    label: "leave it out",
    fix: context.without("centred"),
  });
  return false;
}
