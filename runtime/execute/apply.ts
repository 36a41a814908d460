/** Without this file ops would be planned and none would be done: each op of a plan with the values of its inputs. */
import { OPS, type Plan } from "../../src/ops/op.ts";
import { requireTrue } from "./assertion.ts";
import { encode, forward, type ActivationContext } from "../passes/activations.ts";
import { brokenNotice } from "../passes/broken.ts";
import { chartOf } from "../figures/chart.ts";
import { contextsTable } from "../figures/contexts.ts";
import { counted } from "../counted.ts";
import { tokenizeTable } from "../passes/documents.ts";
import type { Acts, Dense, Features, Groups, Reduced, Single, Table, Tokens, Value, Measured } from "../data/frame.ts";
import { countRows, describeValue } from "../data/summaries.ts";
import { aggregateTable, groupRows, ungroupTable, type GroupPart } from "../data/grouping.ts";
import { joinTables } from "../data/join.ts";
import { foretoldSize } from "../data/foretold_size.ts";
import { concatTables, tableFromRows } from "../data/table.ts";
import { distinctRows, filterRows, limitRows, projectColumns, sampleRows, skipRows, sortRows, splitRows } from "../data/rows.ts";
import { saveValue } from "./save.ts";
import { toTable } from "../data/to_table.ts";
import { compareGroups } from "../figures/comparison.ts";
import { overlapTable, rankFeatures, unionTable } from "../figures/features.ts";
import { memorize } from "../passes/memorization.ts";
import { valueKey } from "./value_key.ts";
import { decodeGroups, fidelityTable } from "../passes/reconstruction.ts";
import { reduceForward } from "../passes/reduce_forward.ts";
import { countActivations, histogramPlot, statisticsTable, type Member } from "../figures/summary.ts";
import { progressOf, type ExecuteContext } from "./execute_context.ts";

function members(value: Value): readonly Member[] {
  return value.kind === "groups" ? value.members : [{ name: null, value }];
}

/** Apply to each group, or to the whole. */
function each(value: Value, change: (single: Single) => Single): Value {
  return value.kind === "groups" ? { kind: "groups", members: value.members.map((member) => ({ ...member, value: change(member.value) })) } : change(value);
}

/** The same for work that wants all groups in one job. */
async function together(value: Value, change: (singles: readonly Single[]) => Promise<readonly Single[]>): Promise<Value> {
  if (value.kind !== "groups") return (await change([value]))[0]!;
  const changed = await change(value.members.map((member) => member.value));
  return { kind: "groups", members: value.members.map((member, i) => ({ ...member, value: changed[i]! })) };
}

function asTable(value: Single): Table {
  return value.kind === "table" ? value : value.kind === "features" ? value.table : toTable(value);
}

function expect<K extends Single["kind"]>(kind: K, value: Single): Single & { readonly kind: K } {
  if (value.kind !== kind) throw new Error(`expected ${kind}, got ${value.kind}`);
  return value as Single & { readonly kind: K };
}

function measured(value: Single): Measured {
  return value.kind === "reduced" ? value : expect("acts", value);
}

function noteBroken(label: string, made: Value, { onNotice }: ExecuteContext): void {
  for (const { name, value } of members(made)) {
    const notice = value.kind === "acts" || value.kind === "reduced" ? brokenNotice(label, name, value) : null;
    if (notice !== null) onNotice(notice);
  }
}

/** Rows of activations are described as they are saved; every other figure of them leaves special tokens out. */
function noteSpecial(label: string, input: Value, { onNotice }: ExecuteContext): void {
  const special = members(input).reduce((sum, { value }) => sum + (value.kind === "acts" || value.kind === "dense" ? value.rows.masked.reduce((some, one) => some + one, 0) : 0), 0);
  if (special > 0) onNotice(`${label}: rows of ${special} special ${special === 1 ? "token" : "tokens"} are among these, as \`save\` writes them; \`stats\`, \`count\` and \`top\` leave them out`);
}

/** The value of one op. @throws DataError, CheckpointError, EngineError, AssertionFailure; AbortError */
export async function apply(plan: Plan, inputs: readonly Value[], context: ExecuteContext): Promise<Value> {
  const { op } = plan;
  const input = inputs[0]!;
  const undefinedValues = (operation: string, rows: number): void => context.onNotice(`${plan.label}: \`${operation}\` has no value in ${rows} rows; they are null`);
  const parts = (): GroupPart[] => (input.kind === "groups" ? input.members.map(({ name, keys, value }) => ({ name, keys, table: asTable(value) })) : [{ name: null, table: asTable(input) }]);
  // Groups by the values of a table without rows: a summary of none of them has its columns, and no rows.
  if (input?.kind === "groups" && input.members.length === 0 && !OPS[op.op].passes && plan.schema.kind === "table" && plan.schema.groups === null) return tableFromRows(plan.schema.columns, [], plan.label);
  const activation: ActivationContext = { ...context, ...progressOf(plan, context) };
  switch (op.op) {
    case "read":
      return context.catalog.table(op);
    case "literal":
      return tableFromRows(op.columns, op.rows, "prompts");
    case "filter":
      return each(input, (table) => filterRows(asTable(table), op.predicate, undefined, undefinedValues));
    case "project":
      return each(input, (table) => projectColumns(asTable(table), op.columns, undefined, undefinedValues));
    case "sort":
      return each(input, (table) => sortRows(asTable(table), op.keys));
    case "limit":
      return each(input, (table) => limitRows(asTable(table), op.count));
    case "skip":
      return each(input, (table) => skipRows(asTable(table), op.count));
    case "distinct":
      return each(input, (table) => distinctRows(asTable(table), op.by));
    case "join": {
      const right = asTable(expectSingle(inputs[1]!));
      return each(input, (table) => joinTables(asTable(table), right, op));
    }
    case "sample":
      return each(input, (single) => {
        const table = asTable(single);
        if (table.rows < op.count) context.onNotice(`${plan.label}: there are only ${table.rows} rows, and all of them are taken`);
        return sampleRows(table, op.count, op.stream);
      });
    case "split": {
      const { groups, unmatched, shared } = splitRows(asTable(expectSingle(input)), op.parts, undefinedValues);
      if (unmatched > 0) context.onNotice(`${plan.label}: ${unmatched} rows are in no group`);
      if (shared > 0) context.onNotice(`${plan.label}: ${shared} rows are in more than one group`);
      return groups;
    }
    case "group": {
      const value: Groups = { kind: "groups", members: op.names.map((name, i) => ({ name, value: expectSingle(inputs[i]!) })) };
      return value;
    }
    case "group_by":
      return groupRows(asTable(expectSingle(input)), op.keys);
    case "ungroup":
      return ungroupTable(parts(), plan.inputs[0]!.schema.columns.map(({ name }) => name), plan.inputs[0]!.schema.keys ?? null);
    case "aggregate":
      return aggregateTable(parts(), op.columns, op.keys, undefinedValues);
    case "concat":
      return concatTables(inputs.map((value) => asTable(expectSingle(value))));
    case "tokenize":
      return each(input, (table) => {
        const model = context.catalog.model(op.model);
        const tokens = tokenizeTable(op, asTable(table), model, context.tokenIds.encoder(model));
        if (tokens.truncated > 0) context.onNotice(`${plan.label}: ${counted(tokens.truncated, "text")} ${tokens.truncated === 1 ? "was" : "were"} cut to the model's context`);
        return tokens;
      });
    case "forward": {
      const made = await together(input, (sets) => {
        const tokens = sets.map((set): Tokens => expect("tokens", set));
        if (op.reduce === undefined) return forward(op, tokens, activation);
        const total = tokens.reduce((sum, set) => sum + set.ids.length, 0);
        const taker = context.savedRounds.begin(plan, { groups: input.kind === "groups" ? input.members.map(({ name }) => name) : null, total });
        return reduceForward(op, op.reduce, tokens.map((set) => ({ pieces: [set], total: set.ids.length })), { context: activation, taker });
      });
      noteBroken(plan.label, made, context);
      return made;
    }
    case "pick":
      return each(input, (single): Acts | Dense | Reduced => {
        if (single.kind === "reduced") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        if (single.kind === "acts") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        const dense = expect("dense", single);
        return { ...dense, taps: op.taps.map((tap) => dense.taps[tap]!) };
      });
    case "encode": {
      const made = await together(input, (sets) => Promise.all(sets.map((set) => encode(op, expect("dense", set), activation))));
      noteBroken(plan.label, made, context);
      return made;
    }
    case "decode":
      return decodeGroups(op, input, inputs[1]!, activation);
    case "fidelity":
      return fidelityTable(members(input), members(inputs[1]!));
    case "generate":
      return together(input, async (tables) => {
        const made: Single[] = [];
        for (const table of tables) made.push(await memorize(op, asTable(table), activation));
        return made;
      });
    case "rank":
      return each(input, (single) => rankFeatures(op, single.kind === "features" ? single : measured(single)));
    case "statistics":
      return statisticsTable(op, members(input).map(({ name, value }) => ({ name, value: measured(value) })));
    case "histogram":
      if (members(input).length === 0 && plan.inputs[0]!.schema.kind !== "acts") return { kind: "plot", title: op.of, unit: "rows", quantity: op.of, edges: new Float64Array(0), series: [], overlay: op.overlay, log: op.log };
      return histogramPlot(op, members(input));
    case "contexts":
      return each(input, (single) => contextsTable(op, single.kind === "features" ? single : expect("acts", single)));
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
    case "count": {
      const parts = members(input);
      return parts.every(({ value }) => value.kind === "table" || value.kind === "features")
        ? countRows(parts.map(({ name, value }) => ({ name, table: asTable(value) })), op.by)
        : countActivations(parts);
    }
    case "describe":
      noteSpecial(plan.label, input, context);
      return describeValue(members(input).map(({ name, value }) => ({ name, table: asTable(value) })));
    case "explain":
      throw new Error("explain is not applied");
    case "assert": {
      const relations = inputs.slice(1).map((value) => asTable(expectSingle(value)));
      for (const { name, value } of members(input)) requireTrue(op, name, asTable(value), relations);
      return input;
    }
    case "tee":
      return input;
    case "save": {
      const path = context.outputPath(op.path);
      const written = await context.savedRounds.commit(plan);
      if (written !== null) {
        context.onSaved(path, written);
        return input;
      }
      const much = foretoldSize(input, op.format);
      if (much !== null) context.onNotice(`${plan.label}: ${much}`);
      context.onSaved(path, await saveValue(input, path, op.format, { raw: context.rawCsv === true, ...(context.admitWrite === undefined ? {} : { admit: context.admitWrite }) }));
      return input;
    }
    case "cache": {
      context.values.pin(valueKey(plan, context.numerics), input, op.seconds);
      const bytes = await context.keep(plan, input, op.seconds);
      const how = op.seconds === null ? (bytes === null ? " until the session ends" : "") : ` for ${op.seconds} s`;
      context.onNotice(`${plan.label}: kept${bytes === null ? "" : ` on disk (${bytes} bytes)`}${how}`);
      return input;
    }
    case "show":
      context.onResult(plan, input);
      return input;
    default:
      return op satisfies never;
  }
}

function expectSingle(value: Value): Single {
  if (value.kind === "groups") throw new Error("expected one value, got groups");
  return value;
}

function featureGroups(value: Value): Groups<Features> {
  if (value.kind !== "groups") throw new Error("expected groups");
  return { kind: "groups", members: value.members.map(({ name, value: single }) => ({ name, value: expect("features", single) })) };
}
