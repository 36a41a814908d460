/** Without this file nobody could read what makes a feature fire. */
import type { Plan } from "../ops/op.ts";
import type { ColumnSchema } from "../ops/schema.ts";
import { int, ints, pipelines } from "./args.ts";
import { actsAtSae } from "./lowering/acts_at_sae.ts";
import { areFeatures } from "./lowering/known_features.ts";
import { labelledColumns } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

const CONTEXT_COLUMNS: readonly ColumnSchema[] = [
  { name: "feature", type: "int" },
  { name: "rank", type: "int" },
  { name: "activation", type: "float" },
  { name: "row", type: "int" },
  { name: "position", type: "int" },
  { name: "before", type: "str" },
  { name: "token", type: "str" },
  { name: "after", type: "str" },
  { name: "activations", type: "str" },
];

export const contexts = stage({
  name: "contexts",
  doc: "Where a feature fires most strongly: from each text the token where it is strongest, with the tokens around it and their activations",
  category: "features",
  args: {
    feature: ints({ min: 0, of: "feature", default: [], doc: "Features; those listed by the input where not given" }),
    k: int({ keyword: true, min: 1, max: 10_000, default: 10, alsoCalled: ["n", "top", "count", "limit", "num_examples", "n_examples", "examples"], doc: "Windows for each feature, the strongest first; of equal ones the earlier text" }),
    window: int({ keyword: true, min: 0, max: 1000, default: 12, alsoCalled: ["context", "width", "buffer", "context_size"], doc: "Tokens shown on each side" }),
    from: pipelines({ named: false, default: [], keyword: true, doc: "Texts to look through, where there is no input: they are read at the layer of the SAE" }),
  },
  input: ["acts", "features"],
  inputOptional: true,
  examples: [
    { title: "Of the features that fire most", query: "sample perfect 5 | acts layer 7 | top 2 | contexts k 3" },
    { title: "Of one feature, in texts of your own", query: 'contexts 12 k 3 window 6 from (prompts "In the beginning God created", "And God said")' },
  ],
  instead: { table: "features are named where their activations are: … | acts layer 7 | contexts 12, 769 k 1" },
  alsoCalled: ["max_activating_examples", "max_activating", "top_activations", "top_examples", "activating_examples"],
  searchTerms: ["examples", "max activating examples", "dashboard", "windows", "kwic"],
  lower: (context, { feature, k, window, from }) => {
    const acts = inputOf(context.hasInput ? context.input : null, from.map(({ plan }) => plan));
    if (typeof acts === "string") {
      context.report({ code: "missing-input", message: acts, help: "sample perfect 10 | acts layer 7 | top 3 | contexts" });
      return null;
    }
    if (feature.length === 0 && acts.schema.kind !== "features" && acts.schema.known) {
      context.report({ code: "missing-argument", message: "`contexts` needs a feature where its input lists none", help: "… | top 3 | contexts" });
      return null;
    }
    const input = acts.schema.kind === "acts" || acts.schema.kind === "features" ? acts : actsAtSae(context, acts);
    if (input === null || !areFeatures(context, feature)) return null;
    const layered = (input.schema.layers?.length ?? 1) > 1;
    const columns = layered ? [{ name: "layer", type: "int" } as const, ...CONTEXT_COLUMNS] : CONTEXT_COLUMNS;
    if (context.hasInput && labelledColumns(context, "contexts", columns) === null) return null;
    return context.node({ op: "contexts", features: feature.length === 0 ? null : feature, count: k, window, threshold: context.settings.threshold }, [input], { ...input.schema, kind: "table", columns });
  },
});

function inputOf(input: Plan | null, from: readonly Plan[]): Plan | string {
  if (input !== null) return from.length > 0 ? "there is an input already: `from` names one where there is none" : input;
  return from[0] ?? "`contexts` needs texts to look through";
}
