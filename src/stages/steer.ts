/** Without this file nobody could make a feature stronger than a text makes it. */
import { printWindow } from "../ops/window.ts";
import { optionalFloat } from "./args.ts";
import { editing, FEATURE_ARGS, PLACE_ARGS, SPECIAL_ARG } from "./lowering/editing.ts";
import { stage } from "./stage.ts";

export const steer = stage({
  name: "steer",
  doc: "Read the texts with features held at a value (`to`), or with so much of their decoder directions added (`scale`), in the units of activations. `last`, `first` and `of` name the tokens that are edited, as those that `acts` reads; all are, where nothing is said. Rows are as they were: every later stage that reads the model reads it so, until they are saved or summed up",
  category: "model",
  args: {
    ...FEATURE_ARGS,
    scale: optionalFloat({ keyword: true, alsoCalled: ["by", "strength", "coefficient", "coeff", "steering_coefficient", "steering_strength", "alpha", "multiplier", "amount", "add"], doc: "Add so much of each feature's decoder direction to what the text makes of it; below 0 it is taken away" }),
    to: optionalFloat({ keyword: true, alsoCalled: ["clamp", "value", "activation", "set"], doc: "Hold each feature at this activation, whatever the text makes of it" }),
    ...PLACE_ARGS,
    ...SPECIAL_ARG,
  },
  input: ["table", "tokens"],
  examples: [
    { title: "What fires where a feature is made stronger?", query: "groups plain = (sample perfect 5), steered = (sample perfect 5 | steer feature 769 layer 7 scale 8.0) | acts layer 7 last 50 | top 5 | diff" },
    { title: "At the last token of the prompt, and in what the model writes", query: 'prompts "In the beginning God" | steer feature 559 scale 9 last 1 | steer feature 559 scale 9 of continuation | generate max 12' },
    { title: "Held at one activation", query: 'prompts "In the beginning God created" | steer feature 559 to 3.5 | acts layer 7 | rows 559 | select token, value' },
  ],
  instead: { acts: "the model is edited before it is read: … | steer feature 769 scale 8.0 | acts layer 7", dense: "the model is edited before it is read: … | steer feature 769 scale 8.0 | resid layer 7" },
  beforeReading: true,
  alsoCalled: ["clamp"],
  searchTerms: ["intervention", "activation addition", "amplify", "boost", "set", "inject", "steering vector", "causal"],
  lower: (context, { scale, to, ...asked }) => {
    if ((scale === null) === (to === null)) {
      // `feature 769 +5` was one sum of two numbers before anybody could tell.
      const sum = scale === null ? /^(.*\d)\s*([+-])\s*(\d[\d_.]*)$/s.exec(context.written("feature")) : null;
      if (sum !== null) {
        const text = `${sum[1]} scale ${sum[2] === "-" ? "-" : ""}${sum[3]}`;
        context.report({ code: "missing-argument", message: "how much is added stands behind `scale`", span: context.at("feature"), label: `write \`${text}\``, fix: { span: context.at("feature"), text } });
        return null;
      }
      const start = `steer feature ${asked.feature.join(", ")}${asked.layer === null ? "" : ` layer ${asked.layer}`}`;
      const words = printWindow(asked);
      context.report({
        code: scale === null ? "missing-argument" : "wrong-argument",
        message: scale === null ? "`steer` needs `scale`, how much is added, or `to`, at which activation the feature is held" : "`scale` adds to a feature and `to` holds it: one of them is meant",
        ...(scale === null ? {} : { span: context.at("to") }),
        help: `${start} ${scale === null || to === null ? "scale 8.0" : `to ${to}`}${words === "" ? "" : ` ${words}`}`,
      });
      return null;
    }
    return editing(context, "steer", asked, to === null ? { how: "add", value: scale! } : { how: "set", value: to });
  },
});
