/** Without this file nobody could see which words a feature makes the model say. */
import type { ColumnSchema } from "../ops/schema.ts";
import { flag, int, oneOf } from "./args.ts";
import { DIRECTION_ARGS, directionsOf } from "./lowering/directions.ts";
import { writesToStream } from "./lowering/written_stream.ts";
import { stage } from "./stage.ts";

const COLUMNS: readonly ColumnSchema[] = [
  { name: "feature", type: "int" },
  { name: "side", type: "str" },
  { name: "rank", type: "int" },
  { name: "token_id", type: "int" },
  { name: "token", type: "str" },
  { name: "weight", type: "float" },
];

export const promotes = stage({
  name: "promotes",
  doc: "The tokens whose logits a feature's decoder direction raises most and lowers most: the direction in the units of its activations, times the final norm's weight and the unembedding (logit lens), of equal ones the lower token. What later blocks make of it, the norm's division by the size of the stream, the bias and the cap of logits are left out",
  category: "features",
  args: {
    ...DIRECTION_ARGS,
    k: int({ keyword: true, min: 1, max: 10_000, default: 10, doc: "Tokens on each side" }),
    side: oneOf(["both", "promoted", "suppressed"], { keyword: true, default: "both", doc: "Those whose logits it raises, those whose logits it lowers, or both" }),
    raw: flag("The direction times the unembedding alone, as W_dec · W_U of a model that TransformerLens loads without processing"),
  },
  input: ["features", "table"],
  inputOptional: true,
  examples: [
    { title: "Of one feature", query: "promotes 769 k 3" },
    { title: "Of the features that lie beside it", query: "similar 769 k 2 | promotes of similar k 2" },
    { title: "Of the features that differ most", query: "groups perfect = (sample perfect 10), non_perfect = (sample non_perfect 10) | acts layer 7 last 50 | compare | take 2 | promotes k 3 side promoted" },
  ],
  instead: { acts: "features are named, or listed: … | acts layer 7 | top 5 | promotes" },
  alsoCalled: ["logit_lens", "logit_weights", "top_logits"],
  searchTerms: ["unembed", "logits", "tokens", "vocabulary", "dashboard", "W_U", "positive logits", "negative logits", "decoder"],
  lower: (context, { k, side, raw, ...args }) => {
    const asked = directionsOf(context, "promotes", args);
    const model = asked === null ? null : context.model();
    if (asked === null || model === null || !asked.saes.every((sae) => writesToStream(context, model, sae))) return null;
    const schema = asked.schema(COLUMNS);
    if (schema === null) return null;
    return context.node({ op: "promotes", model: model.ref, saes: asked.saes.map(({ ref }) => ref), layers: asked.layers, features: asked.features, ...(asked.of === undefined ? {} : { of: asked.of }), count: k, side, ...(raw ? { raw: true } : {}) }, asked.inputs, schema);
  },
});
