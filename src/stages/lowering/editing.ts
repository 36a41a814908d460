/** Without this file `ablate` and `steer` would each decide which SAE a feature is of, and where it can be put into the model. */
import { edited, type Edit } from "../../ops/edit.ts";
import { EDITED_HOOKS, type Hook } from "../../ops/hook.ts";
import type { Plan, Tap, Window } from "../../ops/op.ts";
import { flag, ints, oneOf, optionalInt, type ArgValues } from "../args.ts";
import type { Lowering, SaeFacts } from "../stage.ts";
import { editLists, withEdits } from "./edited.ts";
import { bosIsAsTrained, saeFor } from "./encoded.ts";
import { areFeatures } from "./known_features.ts";
import { isRendered } from "./rendered.ts";
import { isLayer, readable } from "./residual.ts";
import { atSaes } from "./sae_reading.ts";
import { textColumns } from "./text_columns.ts";
import { WINDOW_ARGS, windowOf } from "./window.ts";

/** Which features, and where: the arguments of every stage that edits the model. */
export const FEATURE_ARGS = {
  feature: ints({ keyword: true, min: 0, of: "feature", doc: "Features of the SAE, separated by commas; all of them are read before any is changed" }),
  layer: optionalInt({ keyword: true, min: 0, of: "layer", doc: "Layer of the SAE, from 0; where not given, that of the one SAE that is set" }),
  hook: { ...oneOf(EDITED_HOOKS, { keyword: true, default: "resid_post", doc: "Where in the block, as of `acts`. Not said: the hook of the SAE" }), depends: true },
} as const;

/** In which tokens: the words of `acts`. */
export const PLACE_ARGS = {
  last: { ...WINDOW_ARGS.last, doc: "Edit only the last n tokens of each text, of one that the model goes on with those of the prompt" },
  first: { ...WINDOW_ARGS.first, doc: "Edit only the first n tokens of each text, special ones counted" },
  of: { ...WINDOW_ARGS.of, alsoCalled: ["at", "on"], doc: "Edit only the tokens of one part of each text: what `generate` and `memorize` go on with is the prompt, and what they write is the continuation, whose first token is predicted from the prompt" },
} as const;

/** Last among them: an edit leaves special tokens as they are where it is not said. */
export const SPECIAL_ARG = { special: flag("Edit special tokens too (beginning of text and the like), as `run_with_saes` of sae_lens does; they are left as they are otherwise, and no figure counts them") } as const;

interface Asked extends ArgValues<typeof PLACE_ARGS> {
  readonly feature: readonly number[];
  readonly layer: number | null;
  readonly hook: Hook;
  readonly special: boolean;
}

/** The input, with one more edit for the model that reads it. Null after a reported mistake. */
export function editing(context: Lowering, stage: string, asked: Asked, change: Pick<Edit, "how" | "value">): Plan | null {
  const { input } = context;
  const window = windowOf(context, asked);
  const found = window === null ? null : placeOf(context, stage, asked);
  if (window === null || found === null) return null;
  const { sae, tap } = found;
  const { sae: _, ...place } = tap;
  const features = [...asked.feature].sort((a, b) => a - b);
  const edit: Edit = { ...place, sae: sae.ref, features, ...change, special: asked.special, ...(isWhole(window) ? {} : { window }) };
  const schema = withEdits(input.schema, editLists(input.schema).map((before) => edited(before, edit)));
  return context.node({ op: "edit", edits: [edit] }, [input], schema);
}

const isWhole = ({ first, last, of }: Window): boolean => first === null && last === null && of === "all";

/** The SAE that the features are of, and where it reads and writes; every fact on which it could disagree with the model is looked at. */
function placeOf(context: Lowering, stage: string, { feature, layer: asked, hook }: Asked): { readonly sae: SaeFacts; readonly tap: Tap } | null {
  const model = context.model();
  const saes = model === null ? [] : context.saes();
  if (model === null || saes.length === 0) return null;
  const layer = asked ?? ownLayer(context, stage, feature, saes);
  if (layer === null) return null;
  const sight = atSaes(context, { layer: [layer], hook, centred: false, last: null, first: null, of: "all" }, saes);
  if (!isLayer(context, model, layer, sight.meant(model))) return null;
  const tap: Tap = { layer, ...sight.read(layer, model), sae: null };
  if (!readable(context, model, tap)) return null;
  const sae = saeFor(context, model, saes, { tap, layers: [layer], stage: `${stage} feature ${feature.join(", ")}` });
  if (sae === null || !canWrite(context, stage, sae, tap)) return null;
  if (!areFeatures(context, feature, [sae])) return null;
  if (new Set(feature).size !== feature.length) {
    context.report({ code: "wrong-argument", message: "a feature is named twice", span: context.at("feature") });
    return null;
  }
  const rendered = isRendered(context.input, textColumns(context.input.schema.columns) ?? []);
  return rendered || bosIsAsTrained(context, context.settings.bos ?? model.prependsBos, [sae]) ? { sae, tap } : null;
}

/** The layer of the one SAE that is set. */
function ownLayer(context: Lowering, stage: string, feature: readonly number[], saes: readonly SaeFacts[]): number | null {
  const layers = [...new Set(saes.map(({ layer }) => layer))];
  const [layer] = layers;
  if (layers.length === 1 && layer !== null && layer !== undefined) return layer;
  context.report({
    code: "missing-argument",
    message: layers.length > 1 ? `${saes.length} SAEs are set, and each reads another layer` : "this SAE does not say which layer it reads",
    help: `${stage} feature ${feature.join(", ")} layer ${layer ?? 7}`,
  });
  return null;
}

/** Whether the SAE has a direction to write, where it reads, and the model goes on from there. */
function canWrite(context: Lowering, stage: string, sae: SaeFacts, { hook }: Tap): boolean {
  if (sae.writes !== null) {
    context.report({
      code: "unsupported-sae",
      message: `${sae.ref.name} is a transcoder: it reads ${sae.hookName} and writes ${sae.writes.hookName === "" ? "elsewhere" : sae.writes.hookName}, and \`${stage}\` changes the place that it reads`,
      help: 'set sae "…" to an SAE, which gives back what it reads',
    });
    return false;
  }
  if (sae.noDecoder !== null) {
    context.report({ code: "unsupported-sae", message: `the features of ${sae.ref.name} have no direction that could be changed: ${sae.noDecoder}`, help: 'set sae "…" to one with a decoder' });
    return false;
  }
  if (EDITED_HOOKS.some((each) => each === hook)) return true;
  context.report({
    code: "wrong-argument",
    message: `${hook} is only read: the model goes on from what the norm's weight makes of it, and not from its value`,
    span: context.at(context.given("hook") ? "hook" : "layer"),
    notes: [`hooks that can be edited: ${EDITED_HOOKS.join(", ")}`],
    help: 'set sae "…" to one that was trained at one of these',
  });
  return false;
}
