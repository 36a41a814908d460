/** Without this file the question "which features fire" could not be asked. */
import { ints, oneOf, optionalInt } from "./args.ts";
import { encoded } from "./lowering/encoded.ts";
import { residual } from "./lowering/residual.ts";
import { stage } from "./stage.ts";

export const acts = stage({
  name: "acts",
  doc: "Which features fire: run the model to a layer and encode its residual stream with the SAE (`resid` and `encode` in one pass)",
  category: "model",
  args: {
    layer: ints({ keyword: true, min: 0, doc: "Layers to read, from 0; the SAE must have been trained there" }),
    hook: oneOf(["resid_post", "resid_pre"], { keyword: true, default: "resid_post", doc: "After or before the block" }),
    last: optionalInt({ keyword: true, min: 1, doc: "Only the last n tokens of each document" }),
    first: optionalInt({ keyword: true, min: 1, doc: "Only the first n tokens of each document" }),
    of: oneOf(["all", "prompt", "continuation"], { keyword: true, default: "all", doc: "Only the tokens of one part of the document" }),
  },
  input: ["table", "tokens"],
  examples: [
    { title: "Features of a sample", query: "sample perfect 5 | acts layer 7 last 50 | top 5" },
    { title: "Only the continuation", query: "sample perfect 5 | acts layer 7 of continuation | stats" },
  ],
  searchTerms: ["activations", "features", "sae", "run_with_cache", "encode"],
  lower: (context, args) => {
    const dense = residual(context, args);
    return dense === null ? null : encoded(context, dense);
  },
});
