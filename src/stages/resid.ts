/** Without this file the model's raw activations could not be read. */
import { hasTexts } from "./lowering/documents.ts";
import { residual, RESIDUAL_ARGS } from "./lowering/residual.ts";
import { stage } from "./stage.ts";

export const resid = stage({
  name: "resid",
  doc: "Read the residual stream: one vector per token, at one or more layers",
  category: "model",
  args: RESIDUAL_ARGS,
  input: ["table", "tokens"],
  between: { gives: "dense", written: (layer) => `resid layer ${layer}`, fits: hasTexts },
  examples: [{ title: "Vectors of the last two tokens", query: 'prompts "In the beginning God" | resid layer 7 last 2' }],
  searchTerms: ["hidden_states", "residual", "activations", "hook"],
  lower: (context, args) => residual(context, args),
});
