/** Without this file `resid` and `acts` would check layers and lower the forward pass in two ways. */
import type { Hook, Plan, Window } from "../../ops/op.ts";
import { documentTokens, TOKEN_COLUMNS } from "./documents.ts";
import type { Lowering } from "../stage.ts";

export interface ResidualArgs {
  readonly layer: readonly number[];
  readonly hook: Hook;
  readonly last: number | null;
  readonly first: number | null;
  readonly of: Window["of"];
}

/** tokens → dense residuals at the asked layers, computed naively: all blocks, sliced afterwards. Rules make it cheap. */
export function residual(context: Lowering, args: ResidualArgs): Plan | null {
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
    context.report({ code: "wrong-argument", message: "A layer is named twice", span: context.at("layer") });
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
