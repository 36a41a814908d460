/** Without this file a reconstruction could be held against activations that it does not stand for. */
import { isOutputOf, moduleOf, widthIn } from "../../ops/hook.ts";
import { source } from "../../ops/key.ts";
import type { Op, Plan, SaeRef, Tap } from "../../ops/op.ts";
import type { ColumnSchema } from "../../ops/schema.ts";
import { TOKEN_COLUMNS } from "./documents.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";

export const FIDELITY_COLUMNS: readonly ColumnSchema[] = [
  { name: "documents", type: "int" },
  { name: "tokens", type: "int" },
  { name: "explained_variance", type: "float" },
  { name: "mse", type: "float" },
  { name: "relative_error", type: "float" },
  { name: "cosine", type: "float" },
  { name: "masked", type: "int" },
];

type Encode = Op & { readonly op: "encode" };

/** acts → the reconstruction, and the activations it stands for: those encoded, or, of a transcoder, those it predicts. Null after a reported mistake. */
export function decoded(context: Lowering, vectors: boolean): { readonly reconstruction: Plan; readonly target: Plan } | null {
  const encoders = encodersOf(context.input);
  const [first] = encoders;
  if (first === undefined) return null;
  if (encoders.some(({ saes }) => JSON.stringify(saes) !== JSON.stringify(first.saes))) {
    context.report({ code: "wrong-argument", message: "the groups were encoded with different SAEs, and one table cannot hold them side by side", notes: ["each group is decoded by itself"] });
    return null;
  }
  const facts = factsOf(context, first.saes);
  if (facts === null) return null;
  const dense = twin(context, context.input, (encode) => encode.inputs[0]!);
  const target = vectors ? dense : targetOf(context, dense, facts);
  if (target === null) return null;
  return { reconstruction: context.node({ op: "decode", saes: first.saes }, [context.input, dense], { ...context.input.schema, kind: "dense", columns: TOKEN_COLUMNS }), target };
}

/** The encoders that the features come from: one, or one a group. */
function encodersOf(plan: Plan): readonly Encode[] {
  const at = source(plan);
  if (at.op.op === "encode") return [at.op];
  return at.op.op === "group" ? at.inputs.flatMap(encodersOf) : [];
}

/** The same groups over what each encoder reads. */
function twin(context: Lowering, plan: Plan, of: (encode: Plan) => Plan): Plan {
  const at = source(plan);
  if (at.op.op === "encode") return of(at);
  return context.node(at.op, at.inputs.map((input) => twin(context, input, of)), { ...at.schema, kind: "dense", columns: TOKEN_COLUMNS });
}

/** What is known of these SAEs; null after a report that one of them cannot decode. */
export function factsOf(context: Lowering, refs: readonly SaeRef[]): readonly SaeFacts[] | null {
  const set = context.saes();
  const facts: SaeFacts[] = [];
  for (const ref of refs) {
    const found = set.find((sae) => sae.ref.digest === ref.digest && sae.ref.convention === ref.convention);
    if (found === undefined) {
      if (set.length > 0) context.report({ code: "wrong-argument", message: `these features are of ${ref.name} (${ref.convention}), which is no longer the SAE that is set`, help: `set sae "${ref.name}"` });
      return null;
    }
    if (found.noDecoder !== null) {
      context.report({ code: "unsupported-sae", message: `the features of ${ref.name} cannot be decoded: ${found.noDecoder}`, help: 'set sae "…"' });
      return null;
    }
    facts.push(found);
  }
  return facts;
}

/** The activations that a transcoder predicts are read from the model as well, where they can be. */
function targetOf(context: Lowering, dense: Plan, facts: readonly SaeFacts[]): Plan | null {
  if (facts.every((sae) => sae.writes === null)) return dense;
  const model = context.model();
  if (model === null) return null;
  const taps: Tap[] = [];
  for (const [i, tap] of tapsOf(dense).entries()) {
    const sae = facts[i]!;
    const target = sae.writes === null ? tap : written(context, model, sae, tap);
    if (target === null) return null;
    taps.push(target);
  }
  return moved(context, dense, taps);
}

/** Where a transcoder writes, as a tap; null after a report that the model has no such place, or one of another width. */
function written(context: Lowering, model: ModelFacts, sae: SaeFacts, tap: Tap): Tap | null {
  const { layer, hook, hookName, width } = sae.writes!;
  const fact = hook === null ? null : model.hooks[hook];
  if (layer === null || layer >= model.layers || hook === null || fact?.state !== "present") {
    context.report({
      code: "hook-mismatch",
      message: `this transcoder writes ${hookName === "" ? "to a place it does not name" : hookName}, which cannot be read from the model, so its error is not known`,
      notes: fact?.state === "absent" ? [`${model.architecture}: ${fact.why}`] : [],
      help: "… | decode vectors",
    });
    return null;
  }
  if (!isOutputOf(sae.module, fact, layer)) {
    context.report({
      code: "hook-mismatch",
      message: `this transcoder predicts what \`${sae.module?.replaceAll("|", "` or `")}\` gives out, and ${hook} of this model is something else, so its error is not known`,
      notes: [`${model.ref.name}: ${hook} is the ${moduleOf(model.hooks, { layer, hook })}`],
      help: "… | decode vectors",
    });
    return null;
  }
  const there = widthIn(fact, layer);
  if (there === width) return { ...tap, layer, hook };
  context.report({
    code: "sae-width-mismatch",
    message: `this transcoder writes vectors of ${width} numbers, but the model's have ${there} at ${hook}`,
    notes: [`${sae.ref.name}: d_out ${width}`, `${model.ref.name}: ${hook} has ${there}`],
    help: 'set model "…"',
  });
  return null;
}

function tapsOf(dense: Plan): readonly Tap[] {
  const at = source(dense);
  return at.op.op === "forward" ? at.op.taps : at.op.op === "group" ? tapsOf(at.inputs[0]!) : [];
}

function moved(context: Lowering, dense: Plan, taps: readonly Tap[]): Plan {
  const at = source(dense);
  if (at.op.op === "forward") return context.node({ ...at.op, taps }, at.inputs, { ...at.schema, layers: taps.map(({ layer }) => layer) });
  return context.node(at.op, at.inputs.map((input) => moved(context, input, taps)), at.schema);
}
