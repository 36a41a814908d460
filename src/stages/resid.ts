/** Without this file the model's raw activations could not be read. */
import { ints, oneOf, optionalInt } from "./args.ts";
import { residual } from "./lowering/residual.ts";
import { stage } from "./stage.ts";

export const resid = stage({
  name: "resid",
  doc: "Read the residual stream: one vector per token, at one or more layers",
  category: "model",
  args: {
    layer: ints({ keyword: true, min: 0, doc: "Layers to read, from 0" }),
    hook: oneOf(["resid_post", "resid_pre"], { keyword: true, default: "resid_post", doc: "After or before the block" }),
    last: optionalInt({ keyword: true, min: 1, doc: "Only the last n tokens of each document" }),
    first: optionalInt({ keyword: true, min: 1, doc: "Only the first n tokens of each document" }),
    of: oneOf(["all", "prompt", "continuation"], { keyword: true, default: "all", doc: "Only the tokens of one part of the document" }),
  },
  input: ["table", "tokens"],
  examples: [{ title: "Vectors of the last two tokens", query: 'prompts "In the beginning God" | resid layer 7 last 2' }],
  searchTerms: ["hidden_states", "residual", "activations", "hook"],
  lower: (context, args) => residual(context, args),
});
