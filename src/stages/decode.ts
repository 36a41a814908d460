/** Without this file nobody could see how much of the model's activations the features leave out. */
import { table } from "../ops/schema.ts";
import { flag } from "./args.ts";
import { decoded, FIDELITY_COLUMNS } from "./lowering/decoded.ts";
import { labelledColumns } from "./lowering/labelled.ts";
import { stage } from "./stage.ts";

export const decode = stage({
  name: "decode",
  doc: "Give features back to their SAE. One row per group: how near the reconstruction comes to the activations (explained variance, mean squared error, relative error, cosine); with `vectors`, the reconstruction itself. A transcoder reconstructs what it writes, not what it reads",
  category: "model",
  args: { vectors: flag("The reconstructed vectors instead of the table of errors") },
  input: ["acts"],
  examples: [
    { title: "Is one group reconstructed worse?", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | decode" },
    { title: "The reconstruction itself", query: 'prompts "In the beginning God" | acts layer 7 | decode vectors' },
  ],
  alsoCalled: ["reconstruct", "reconstruction"],
  searchTerms: ["reconstruction", "error", "explained_variance", "fvu", "mse", "loss"],
  lower: (context, { vectors }) => {
    const made = decoded(context, vectors);
    if (made === null || vectors) return made?.reconstruction ?? null;
    const { layers = [] } = context.input.schema;
    const columns = labelledColumns(context, "decode", [...(layers.length > 1 ? [{ name: "layer", type: "int" } as const] : []), ...FIDELITY_COLUMNS]);
    return columns === null ? null : context.node({ op: "fidelity" }, [made.reconstruction, made.target], table(columns));
  },
});
