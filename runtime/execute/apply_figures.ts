/** Without this file what was computed could not be summed up: ranks, statistics, histograms, comparisons, counts. */
import type { Op } from "../../src/ops/op.ts";
import type { Value } from "../data/frame.ts";
import { keysOf, type GroupPart, type Member } from "../data/group_labels.ts";
import { countRows, describeValue } from "../data/summaries.ts";
import { chartOf } from "../figures/chart.ts";
import { compareColumns } from "../figures/column_comparison.ts";
import { compareGroups } from "../figures/comparison.ts";
import { contextsTable, silentNotice } from "../figures/contexts.ts";
import { readingsOf } from "../figures/measured.ts";
import { rowsTable } from "../figures/rows.ts";
import { overlapTable, rankFeatures, unionTable } from "../figures/features.ts";
import { countActivations, histogramPlot, statisticsTable } from "../figures/summary.ts";
import { fidelityTable } from "../passes/reconstruction.ts";
import type { ExecuteContext, OpWork } from "./execute_context.ts";
import { asTable, each, expect, expectSingle, featureGroups, measured, members, specialTokens } from "./members.ts";
import { counted } from "../counted.ts";

type FigureOp = Op & { readonly op: "fidelity" | "rank" | "statistics" | "histogram" | "contexts" | "rows" | "plot" | "overlap" | "union" | "compare" | "compare_columns" | "count" | "describe" };

function contextsOf(label: string, op: Op & { readonly op: "contexts" }, input: Value, { onNotice }: ExecuteContext): Promise<Value> {
  const names = members(input).map(({ name }) => name);
  return each(input, (single) => {
    const from = single.kind === "features" ? single : expect("acts", single);
    const table = contextsTable(op, from);
    const name = names.shift() ?? null;
    const acts = from.kind === "features" ? from.acts : from;
    const silent = acts.kind === "acts" ? silentNotice(label, name, op, acts, table) : null;
    if (silent !== null) onNotice(silent);
    return table;
  });
}

const tablesOf = (parts: readonly Member[]): readonly GroupPart[] => parts.map(({ value, ...label }) => ({ ...label, table: asTable(value) }));

/** Rows of activations are described as they are saved; every other figure of them leaves special tokens out. */
function noteSpecial(label: string, input: Value, { onNotice }: ExecuteContext): void {
  // Tokens are counted with them everywhere.
  const special = members(input).some(({ value }) => value.kind === "tokens") ? 0 : specialTokens(input);
  if (special > 0) onNotice(`${label}: rows of ${counted(special, "special token")} are among these, as \`save\` writes them; \`stats\`, \`count\` and \`top\` leave them out`);
}

/** The value of an op that sums up, with the activations that it is of. @throws DataError */
export async function applyFigures(op: FigureOp, work: OpWork): Promise<Value> {
  const value = await figures(op, work);
  const [input] = work.inputs as readonly [Value];
  // Where rows are counted or described it is figures of rows.
  const ofRows = (op.op === "count" || op.op === "describe") && members(input).some(({ value: single }) => single.kind === "table" || single.kind === "features");
  const foundIn = ofRows ? [] : members(input).flatMap(({ value: single }) => readingsOf(single));
  return foundIn.length > 0 && (value.kind === "table" || value.kind === "plot") ? { ...value, foundIn } : value;
}

async function figures(op: FigureOp, { plan, inputs, context, turns }: OpWork): Promise<Value> {
  const input = inputs[0]!;
  switch (op.op) {
    case "fidelity":
      return fidelityTable(members(input), members(inputs[1]!), keysOf(input));
    case "rank":
      return each(input, (single) => rankFeatures(op, single.kind === "features" ? single : measured(single)));
    case "statistics":
      return statisticsTable(op, members(input).map((member) => ({ ...member, value: measured(member.value) })), keysOf(input));
    case "histogram":
      if (members(input).length === 0 && plan.inputs[0]!.schema.kind !== "acts") return { kind: "plot", title: op.of, unit: "rows", quantity: op.of, edges: new Float64Array(0), series: [], overlay: op.overlay, log: op.log, ...(op.share === true ? { share: true } : {}) };
      return histogramPlot(op, members(input));
    case "contexts":
      return contextsOf(plan.label, op, input, context);
    case "rows":
      return each(input, (single) => rowsTable(single.kind === "tokens" ? single : expect("acts", single), op, turns));
    case "plot":
      return chartOf(op, asTable(expectSingle(input)));
    case "overlap":
      return overlapTable(featureGroups(input));
    case "union":
      return unionTable(featureGroups(input), op.threshold);
    case "compare": {
      const { table, notices } = compareGroups(op, members(input).map(({ name, value }) => ({ name: name ?? "", value: expect("acts", value) })));
      for (const notice of notices) context.onNotice(`${plan.label}: ${notice}`);
      return table;
    }
    case "compare_columns": {
      const { table, notices } = await compareColumns(op, members(input).map(({ name, value }) => ({ name: name ?? "", table: asTable(value) })), turns);
      for (const notice of notices) context.onNotice(`${plan.label}: ${notice}`);
      return table;
    }
    case "count": {
      const parts = members(input);
      return parts.every(({ value }) => value.kind === "table" || value.kind === "features")
        ? countRows(tablesOf(parts), keysOf(input), op.by, turns)
        : countActivations(parts, keysOf(input));
    }
    case "describe":
      noteSpecial(plan.label, input, context);
      return describeValue(tablesOf(members(input)), keysOf(input), turns);
    default:
      return op satisfies never;
  }
}
