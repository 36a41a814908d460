/** Without this file groups could not be drawn at random, and repeatably. */
import { printColumn } from "../../grammar/print_parts.ts";
import { streamStart, textKey } from "../ops/key.ts";
import { flag, int } from "./args.ts";
import { knownValues } from "./lowering/known_values.ts";
import { stage } from "./stage.ts";

export const sample = stage({
  name: "sample",
  doc: "Draw n rows without replacement, in file order. The same seed and input give the same rows anywhere; sample 10 is part of sample 20",
  category: "tables",
  args: {
    n: int({ min: 0, doc: "Rows to draw" }),
    each: flag("Draw n from each group, which there must be (what happens to groups anyway; say it where it helps the reader)"),
    draw: int({ keyword: true, min: 1, default: 1, doc: "Another draw from the same rows" }),
  },
  input: ["table", "features"],
  examples: [
    { title: "As typed by a researcher", query: "sample perfect 10 | acts layer 7 | top 10" },
    { title: "Another draw", query: "sample perfect 3 draw 2 | select matching_tokens" },
  ],
  alsoCalled: ["sample_n"],
  searchTerms: ["random", "draw", "subset"],
  lower: (context, { n, each, draw }) => {
    const { input, settings } = context;
    if (each && input.schema.groups === null) {
      const cut = input.schema.columns.find(({ type }) => type === "bool") ?? input.schema.columns.find(({ name }) => knownValues(context, name).length > 1);
      context.report({ code: "needs-groups", message: "`each` draws from each group, and there are no groups here", span: context.at("each"), help: `group ${cut === undefined ? "<columns>" : printColumn(cut.name)} | sample ${n}` });
      return null;
    }
    const stream = `${streamStart(settings.seed)}${draw}|${textKey(input)}`;
    return context.node({ op: "sample", count: n, stream }, [input], { ...input.schema, kind: "table" });
  },
});
