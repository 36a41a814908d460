/** Without this file two lists of features could be laid side by side, but nobody would have done the sum. */
import type { Scalar } from "../ops/scalar.ts";
import { keepColumns } from "./lowering/columns.ts";
import { featureColumns, twoGroups } from "./lowering/named_groups.ts";
import { stage } from "./stage.ts";

export const diff = stage({
  name: "diff",
  doc: "Every feature that either of two groups lists, with its true count in both, the difference and the ratio of the first to the second; `compare` says whether that is more than chance",
  category: "features",
  args: {},
  input: ["features"],
  groups: "required",
  examples: [{ title: "What the first group has more of", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | acts layer 7 last 50 | top 10 | diff | sort delta desc" }],
  searchTerms: ["difference", "delta", "ratio", "subtract"],
  lower: (context) => {
    const features = featureColumns(context);
    const names = twoGroups(context, "diff", [...features.map(({ name }) => name), "delta", "ratio"]);
    if (names === null) return null;
    const counts = names.map((name) => ({ name, type: "int" }) as const);
    const before = context.node({ op: "union", threshold: context.settings.threshold }, [context.input], { kind: "table", groups: null, known: true, columns: [...features, ...counts] });
    const [left, right] = names.map((name): Scalar => ({ op: "column", name, type: "int" }));
    return context.node(
      {
        op: "project",
        columns: [
          ...keepColumns(before.schema.columns),
          { name: "delta", value: { op: "arithmetic", sign: "-", left: left!, right: right!, type: "int" } },
          { name: "ratio", value: { op: "arithmetic", sign: "/", left: left!, right: right!, type: "float" } },
        ],
      },
      [before],
      { ...before.schema, columns: [...before.schema.columns, { name: "delta", type: "int" }, { name: "ratio", type: "float" }] },
    );
  },
});
