/** Without this file nobody could see which features of an SAE say nearly the same. */
import type { ColumnSchema } from "../ops/schema.ts";
import { int } from "./args.ts";
import { DIRECTION_ARGS, directionsOf } from "./lowering/directions.ts";
import { stage } from "./stage.ts";

const COLUMNS: readonly ColumnSchema[] = [
  { name: "feature", type: "int" },
  { name: "rank", type: "int" },
  { name: "similar", type: "int" },
  { name: "cosine", type: "float" },
];

export const similar = stage({
  name: "similar",
  doc: "Features whose decoder directions lie nearest to those of a feature, by their cosine, the nearest first; of equal ones the lower feature. A direction without a length is near to none",
  category: "features",
  args: {
    ...DIRECTION_ARGS,
    k: int({ keyword: true, min: 1, max: 10_000, default: 10, doc: "Features for each" }),
  },
  input: ["features", "table"],
  inputOptional: true,
  examples: [
    { title: "Of one feature", query: "similar 769 k 5" },
    { title: "Of the features that fire most", query: "sample perfect 5 | acts layer 7 | top 3 | similar k 2" },
  ],
  instead: { acts: "features are named, or listed: … | acts layer 7 | top 5 | similar" },
  alsoCalled: ["neighbours", "neighbors", "nearest"],
  searchTerms: ["cosine", "decoder", "directions", "feature splitting", "W_dec"],
  lower: (context, { k, ...args }) => {
    const asked = directionsOf(context, "similar", args);
    const schema = asked?.schema(COLUMNS) ?? null;
    if (asked === null || schema === null) return null;
    return context.node({ op: "similar", saes: asked.saes.map(({ ref }) => ref), layers: asked.layers, features: asked.features, ...(asked.of === undefined ? {} : { of: asked.of }), count: k }, asked.inputs, schema);
  },
});
