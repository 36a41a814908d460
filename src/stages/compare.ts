/** Without this file a difference between two sets of texts could be seen, but not told from chance. */
import type { ColumnSchema } from "../ops/schema.ts";
import { int, oneOf } from "./args.ts";
import { featureColumns, twoGroups } from "./lowering/named_groups.ts";
import { tellPieces } from "./lowering/pieces_of_texts.ts";
import { stage } from "./stage.ts";

const FIGURES: readonly ColumnSchema[] = ["delta", "low", "high", "p", "q"].map((name) => ({ name, type: "float" }));

export const compare = stage({
  name: "compare",
  doc: "Which features differ between two groups, with the text as the unit: mean score in each, Cliff's delta with its 95 % interval, p (Mann–Whitney, exact up to 40 texts) and q (Benjamini–Hochberg over the features tested), the surest first",
  category: "features",
  args: {
    by: oneOf(["rate", "fires", "max", "mean"], { keyword: true, default: "rate", doc: "A text's score: share of its tokens where the feature is active, whether it fires at all, its largest activation, or the mean over all its tokens, silent ones as 0" }),
    least: int({ keyword: true, default: 3, min: 1, doc: "Test only features that fire in at least so many texts of both groups together" }),
  },
  input: ["acts"],
  groups: "required",
  examples: [
    { title: "Recalled against not recalled", query: "groups perfect = (sample perfect 15), non_perfect = (sample non_perfect 15) | acts layer 7 last 50 | compare | take 10" },
    { title: "Only what holds after correction", query: "groups a = (sample perfect 15), b = (sample non_perfect 15) | acts layer 7 last 50 | compare by fires | where q < 0.05" },
  ],
  searchTerms: ["test", "significance", "difference", "mann whitney", "p value", "fdr", "diff"],
  lower: (context, { by, least }) => {
    const features = featureColumns(context);
    const names = twoGroups(context, "compare", []);
    if (names === null) return null;
    tellPieces(context);
    return context.node({ op: "compare", by, least, threshold: context.settings.threshold }, [context.input], {
      kind: "table",
      groups: null,
      known: true,
      columns: [...features, ...names.map((name): ColumnSchema => ({ name: `${name}_mean`, type: "float" })), ...FIGURES, ...names.map((name): ColumnSchema => ({ name: `${name}_texts`, type: "int" }))],
    });
  },
});
