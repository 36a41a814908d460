/** Without this file nobody could ask what the model does without a feature. */
import { editing, FEATURE_ARGS, PLACE_ARGS, SPECIAL_ARG } from "./lowering/editing.ts";
import { stage } from "./stage.ts";

export const ablate = stage({
  name: "ablate",
  doc: "Read the texts with features taken out of the model: from their layer on the stream is x − activation · decoder direction, and what the SAE does not explain of it stays. `last`, `first` and `of` name the tokens that are edited, as those that `acts` reads; all are, where nothing is said. Read there again, a feature may still fire a little, since its encoder is not its decoder. Rows are as they were: every later stage that reads the model reads it so, until they are saved or summed up",
  category: "model",
  args: { ...FEATURE_ARGS, ...PLACE_ARGS, ...SPECIAL_ARG },
  input: ["table", "tokens"],
  examples: [
    { title: "Before and after, side by side", query: "groups plain = (sample perfect 5), ablated = (sample perfect 5 | ablate feature 769) | acts layer 7 last 50 | top 5 | diff" },
    { title: "Of each text only what follows the prompt", query: "sample perfect 5 | ablate feature 769 of continuation | acts layer 7 of continuation | top 5" },
    { title: "Does the model still know its texts?", query: 'csv "kjv/passages.csv" | take 2 | ablate feature 769, 1221 layer 7 | memorize prefix 50 continue 20 | select matching_tokens' },
  ],
  instead: { acts: "the model is edited before it is read: … | ablate feature 769 | acts layer 7", dense: "the model is edited before it is read: … | ablate feature 769 | resid layer 7" },
  beforeReading: true,
  searchTerms: ["intervention", "knock out", "zero", "remove", "suppress", "hook", "run_with_hooks", "causal"],
  lower: (context, args) => editing(context, "ablate", args, { how: "set", value: 0 }),
});
