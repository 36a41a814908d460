/** Without this file raw activations could not be turned into features. */
import { stage } from "./stage.ts";
import { encoded } from "./lowering/encoded.ts";

export const encode = stage({
  name: "encode",
  doc: "Encode raw activations with the SAE that is set: sparse features, positions × features",
  category: "model",
  args: {},
  input: ["dense"],
  between: { gives: "acts", written: () => "encode" },
  examples: [{ title: "The two halves of `acts`", query: 'prompts "In the beginning God" | resid layer 7 | encode | top 3' }],
  searchTerms: ["sae", "features"],
  lower: (context) => encoded(context, context.input),
});
