/** Without this file the question "which features fire" could not be asked. */
import { encoded } from "./lowering/encoded.ts";
import { hasTexts } from "./lowering/documents.ts";
import { ACTS_ARGS, atSaes } from "./lowering/sae_reading.ts";
import { residual } from "./lowering/residual.ts";
import { stage } from "./stage.ts";

export const acts = stage({
  name: "acts",
  doc: "Which features fire: run the model to a layer and encode its residual stream with the SAE (`resid` and `encode` in one pass)",
  category: "model",
  args: ACTS_ARGS,
  input: ["table", "tokens"],
  between: { gives: "acts", written: (layer) => `acts layer ${layer}`, fits: hasTexts },
  examples: [
    { title: "Features of a sample", query: "sample perfect 5 | acts layer 7 last 50 | top 5" },
    { title: "Only the continuation", query: "sample perfect 5 | acts layer 7 of continuation | stats" },
  ],
  searchTerms: ["activations", "features", "sae", "run_with_cache", "encode"],
  lower: (context, args) => {
    const saes = context.model() === null ? [] : context.saes();
    const dense = residual(context, args, atSaes(context, args, saes));
    return dense === null ? null : encoded(context, dense);
  },
});
