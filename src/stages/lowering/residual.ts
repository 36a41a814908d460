/** Without this file `resid` and `acts` would check layers and lower the forward pass in two ways. */
import type { Plan } from "../../ops/op.ts";
import { ints, oneOf, optionalInt, type ArgValues } from "../args.ts";
import { documentTokens, TOKEN_COLUMNS } from "./documents.ts";
import type { Lowering } from "../stage.ts";

/** Where the model is read: the arguments of every stage that does. */
export const RESIDUAL_ARGS = {
  layer: ints({ keyword: true, min: 0, of: "layer", doc: "Layers to read, from 0" }),
  hook: oneOf(["resid_post", "resid_pre"], { keyword: true, default: "resid_post", doc: "After or before the block" }),
  last: optionalInt({ keyword: true, min: 1, doc: "Only the last n tokens of each document" }),
  first: optionalInt({ keyword: true, min: 1, doc: "Only the first n tokens of each document" }),
  of: oneOf(["all", "prompt", "continuation"], { keyword: true, default: "all", doc: "Only the tokens of one part of the document" }),
} as const;

/** tokens → dense residuals at the asked layers, computed naively: all blocks, sliced afterwards. Rules make it cheap. */
export function residual(context: Lowering, args: ArgValues<typeof RESIDUAL_ARGS>): Plan | null {
  const model = context.model();
  const tokens = documentTokens(context);
  if (model === null || tokens === null) return null;
  for (const layer of args.layer) {
    if (layer >= model.layers) {
      context.report({
        code: "layer-beyond-model",
        message: `there is no layer ${layer}`,
        span: context.at("layer"),
        notes: [`${model.ref.name} has ${model.layers} layers, 0 to ${model.layers - 1}`],
        fix: { span: context.at("layer"), text: `layer ${model.layers - 1}` },
      });
      return null;
    }
  }
  if (new Set(args.layer).size !== args.layer.length) {
    context.report({ code: "wrong-argument", message: "a layer is named twice", span: context.at("layer") });
    return null;
  }
  if (args.last !== null && args.first !== null) {
    context.report({ code: "wrong-argument", message: "`first` and `last` exclude each other", span: context.at("first") });
    return null;
  }
  return context.node(
    {
      op: "forward",
      model: model.ref,
      taps: args.layer.map((layer) => ({ layer, hook: args.hook, sae: null })),
      window: { first: args.first, last: args.last, of: args.of },
      blocks: null,
      slice: "after",
    },
    [tokens],
    { ...tokens.schema, kind: "dense", columns: TOKEN_COLUMNS, layers: args.layer },
  );
}
