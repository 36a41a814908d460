/** Without this file plans would stay plans. */
import type { Span } from "../grammar/span.ts";
import { OPS, type Plan } from "../src/ops/op.ts";
import { nodes } from "../src/optimize/rule.ts";
import { comparedValues } from "./assertion.ts";
import { encode, forward, type ActivationContext } from "./activations.ts";
import { chartOf } from "./chart.ts";
import { contextsTable } from "./contexts.ts";
import { tokenizeTable } from "./documents.ts";
import type { Acts, Dense, Features, Groups, Reduced, Single, Table, TextValue, Tokens, Value } from "./data/frame.ts";
import { evaluate } from "./data/evaluate.ts";
import { countRows, describeValue } from "./data/summaries.ts";
import { aggregateTable, groupRows, ungroupTable, type GroupPart } from "./data/grouping.ts";
import { joinTables } from "./data/join.ts";
import { keep, kept } from "./data/kept.ts";
import { concatTables, tableFromRows } from "./data/table.ts";
import { rowCount } from "./data/row_count.ts";
import { distinctRows, filterRows, limitRows, projectColumns, sampleRows, skipRows, sortRows, splitRows } from "./data/rows.ts";
import type { WriteOptions } from "./data/atomic_write.ts";
import { saveValue } from "./data/save.ts";
import { toTable } from "./data/to_table.ts";
import { compareGroups } from "./comparison.ts";
import { overlapTable, rankFeatures, unionTable } from "./features.ts";
import { memorize } from "./memorization.ts";
import { valueKey } from "./numerics.ts";
import { decodeGroups, fidelityTable } from "./reconstruction.ts";
import type { Measured } from "./measured.ts";
import { reduceForward } from "./reduce_forward.ts";
import type { Progress } from "./engine/port.ts";
import type { Recording } from "./planner/recording.ts";
import { streamedValue } from "./streamed_value.ts";
import { countActivations, histogramPlot, nonFiniteCount, statisticsTable, type Member } from "./summary.ts";
import type { ValueStore } from "./value_store.ts";

/** A mistake found while running, at the stage where it happened. Any other error is a bug. */
export class StageError extends Error {
  readonly at: Span;
  readonly stage: string;
  constructor(plan: Plan, cause: unknown) {
    super(`in ${plan.label}`, { cause });
    this.at = plan.at;
    this.stage = plan.label;
  }
}

/** An `assert` that does not hold. */
export class AssertionFailure extends Error {
  /** What was compared, with its values. */
  readonly notes: readonly string[];
  constructor(message: string, notes: readonly string[]) {
    super(message);
    this.notes = notes;
  }
}

export interface ExecuteContext extends Omit<ActivationContext, "onProgress" | "onKept"> {
  /** Nodes of this pipeline that are done: a `tee` that several stages continue is shown once. */
  readonly done: Map<Plan, Value>;
  /** Where the stages stand that a session has shown, saved or asserted by: what follows them may be known, and they are not. */
  readonly performed: WeakSet<Span>;
  readonly values: ValueStore;
  readonly onProgress: (plan: Plan, progress: Progress) => void;
  /** Of so many texts so many were known already, and the model does not read them again. */
  readonly onKeptTexts?: (plan: Plan, kept: number, all: number) => void;
  /** A result on the side: of a `tee`, or of `show`. */
  readonly onResult: (plan: Plan, value: Value) => void;
  readonly onNotice: (text: string) => void;
  readonly onSaved: (path: string, detail: string) => void;
  readonly outputPath: (path: string) => string;
  /** Held against the grants once the folder is open: see `gate.ts`. */
  readonly admitWrite: WriteOptions["admit"];
  /** CSV is written as the data has it, whatever a spreadsheet makes of it. */
  readonly rawCsv?: boolean;
  /** Explain what `plan` stands on; `run` runs it, for what it takes, where that is asked. */
  readonly explain: (plan: Plan, evaluate: (plan: Plan) => Promise<Value>, run: (recording: Recording) => Promise<Value>) => Promise<TextValue>;
  /** Notes what each op takes. */
  readonly recording?: Recording;
  /** Keep a value beyond the session; the bytes it took, or null where there is no place for it. */
  readonly keep: (plan: Plan, value: Value, seconds: number | null) => Promise<number | null>;
}

/** The value of a plan. Equal sub-plans are computed once; effects happen once, in the order of the script. */
export async function execute(plan: Plan, context: ExecuteContext): Promise<Value> {
  const known = context.done.get(plan) ?? (await knownValue(plan, context));
  if (known !== undefined) {
    context.recording?.known(plan, rowCount(known));
    return known;
  }
  if (plan.op.op === "explain") {
    // Nothing of it is kept: what is run afterwards takes its own time.
    const quiet = { ...context, done: new Map<Plan, Value>(), values: { ...context.values, set: () => {} }, onResult: () => {}, onNotice: () => {} };
    return context.explain(plan, (part) => execute(part, quiet), (recording) => execute(plan.inputs[0]!, { ...context, recording }));
  }
  const streamedTo = context.recording?.start(plan);
  const streamed = await streaming(plan, context);
  if (streamed !== null) {
    streamedTo?.(rowCount(streamed));
    context.done.set(plan, streamed);
    context.values.set(valueKey(plan, context.numerics), streamed);
    return streamed;
  }
  const inputs: Value[] = [];
  for (const [i, input] of plan.inputs.entries()) {
    const value = await execute(input, context);
    inputs.push(value);
    // A side that ends in `show` has shown itself.
    if (plan.op.op === "tee" && i === 1 && input.op.op !== "show") context.onResult(input, value);
  }
  context.signal.throwIfAborted();
  let value: Value;
  const finished = context.recording?.start(plan);
  try {
    value = await apply(plan, inputs, context);
    finished?.(rowCount(value));
  } catch (error) {
    throw error instanceof StageError || (error instanceof Error && error.name === "AbortError") ? error : new StageError(plan, error);
  }
  context.done.set(plan, value);
  if (OPS[plan.op.op].passes) context.performed.add(plan.at);
  else context.values.set(valueKey(plan, context.numerics), value);
  return value;
}

/**
 * A value from before. What its line shows, saves and asserts on the way happens all the same, once for each place where it is written;
 * not before a `cache`, which says that nothing before it is run again.
 */
async function knownValue(plan: Plan, context: ExecuteContext): Promise<Value | undefined> {
  if (OPS[plan.op.op].passes) return undefined;
  const name = valueKey(plan, context.numerics);
  const pinned = kept(context.values, name);
  const known = context.values.get(name) ?? pinned;
  if (known === undefined) return undefined;
  const pending = (input: Plan): boolean => nodes(input).some(({ op, at }) => OPS[op.op].passes && !context.performed.has(at));
  if (pinned === undefined) for (const input of plan.inputs) if (pending(input)) await execute(input, context);
  context.done.set(plan, known);
  return known;
}

/** The value of a plan whose rows need not all be held; null for others. */
async function streaming(plan: Plan, context: ExecuteContext): Promise<Value | null> {
  const known = (node: Plan): Value | undefined => context.done.get(node) ?? context.values.get(valueKey(node, context.numerics)) ?? kept(context.values, valueKey(node, context.numerics));
  try {
    return await streamedValue(plan, { ...context, known, ...progressOf(plan, context) });
  } catch (error) {
    throw error instanceof StageError || (error instanceof Error && error.name === "AbortError") ? error : new StageError(plan, error);
  }
}

function progressOf(plan: Plan, { recording, onProgress, onKeptTexts }: ExecuteContext): Pick<ActivationContext, "onProgress"> & { readonly onKept: (kept: number, all: number) => void } {
  return {
    onProgress: (progress) => {
      recording?.progress(plan, progress);
      onProgress(plan, progress);
    },
    onKept: (kept, all) => {
      recording?.knownTexts(plan, kept);
      onKeptTexts?.(plan, kept, all);
    },
  };
}

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

async function apply(plan: Plan, inputs: readonly Value[], context: ExecuteContext): Promise<Value> {
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
        const tokens = tokenizeTable(op, asTable(table), context.catalog.model(op.model));
        if (tokens.truncated > 0) context.onNotice(`${plan.label}: ${tokens.truncated} texts were cut to the model's context`);
        return tokens;
      });
    case "forward": {
      const made = await together(input, (sets) => {
        const tokens = sets.map((set): Tokens => expect("tokens", set));
        if (op.reduce === undefined) return forward(op, tokens, activation);
        return reduceForward(op, op.reduce, tokens.map((set) => ({ pieces: [set], total: set.ids.length })), activation);
      });
      for (const { name, value } of members(made)) {
        const broken = value.kind === "acts" || value.kind === "reduced" ? nonFiniteCount(value) : 0;
        if (broken > 0) context.onNotice(`${plan.label}: ${broken} activations${name === null ? "" : ` of ${name}`} are not finite numbers; they count as not active`);
      }
      return made;
    }
    case "pick":
      return each(input, (single): Acts | Dense | Reduced => {
        if (single.kind === "reduced") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        if (single.kind === "acts") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        const dense = expect("dense", single);
        return { ...dense, taps: op.taps.map((tap) => dense.taps[tap]!) };
      });
    case "encode":
      return together(input, (sets) => Promise.all(sets.map((set) => encode(op, expect("dense", set), activation))));
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
      return describeValue(members(input).map(({ name, value }) => ({ name, table: asTable(value) })));
    case "explain":
      throw new Error("explain is not applied");
    case "assert": {
      const relations = inputs.slice(1).map((value) => asTable(expectSingle(value)));
      for (const { name, value } of members(input)) {
        const table = asTable(value);
        const column = evaluate(op.condition, table, [table, ...relations]);
        const failing = column.type === "bool" ? Array.from(column.values).findIndex((each, i) => each !== 1 || (column.valid !== null && column.valid[i] === 0)) : 0;
        if (failing < 0) continue;
        const notes = [...(op.message === "" ? [] : [op.text]), ...comparedValues(op.text, op.condition, table, [table, ...relations], failing)];
        throw new AssertionFailure(`${op.message === "" ? op.text : op.message}${name === null ? "" : ` (group ${name})`}`, notes);
      }
      return input;
    }
    case "tee":
      return input;
    case "save": {
      const path = context.outputPath(op.path);
      context.onSaved(path, await saveValue(input, path, op.format, { raw: context.rawCsv === true, ...(context.admitWrite === undefined ? {} : { admit: context.admitWrite }) }));
      return input;
    }
    case "cache": {
      keep(context.values, valueKey(plan, context.numerics), input, op.seconds);
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
