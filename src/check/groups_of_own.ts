/** Without this file a stage that compares would be offered groups of the shipped table, whatever was there to be compared. */
import { printColumn } from "../../grammar/print_parts.ts";
import { OPS, type Plan } from "../ops/op.ts";
import type { Schema } from "../ops/schema.ts";
import type { TableFacts } from "../stages/stage.ts";
import type { Place } from "./accepts.ts";
import type { Hint } from "./misplaced.ts";
import { beyondHelp, needKey, relation } from "./scope.ts";
import { mended, type Trial } from "./tried.ts";
import { layerOf } from "./ways.ts";

/** A column of texts with more values than this makes no two groups that anybody would think of. */
const MOST_VALUES = 20;

/** Whether the model was run somewhere before. */
export function wasRead(plan: Plan, seen = new Set<Plan>()): boolean {
  if (seen.has(plan)) return false;
  seen.add(plan);
  return OPS[plan.op.op].engine || plan.inputs.some((input) => wasRead(input, seen));
}

/** The rows that a pipeline had before a model read them, as they are written, and what is written behind them up to the stage. */
interface Rows {
  readonly plan: Plan;
  readonly source: string;
  readonly between: string;
}

interface Way {
  readonly label: string;
  readonly line: string;
  /** False: something in the line only stands for what the author has. */
  readonly own: boolean;
  /** What is written between stands in the groups. */
  readonly within?: true;
}

/**
 * The pipeline with two groups in place of its one set: its rows cut by a column of their own, set against the value that stands beside theirs, or, where there is nothing to set them
 * against, beside rows of the shipped table, which somebody puts others in place of. Null where it has no start here, or no such line works.
 */
export function ownGroups({ stage, before, pipeline }: Place, from: Plan, trial: Trial): Hint | null {
  const { report } = trial;
  if (report.trial === true || report.expansions.nested > 0 || before[0]?.input !== null || beyondHelp(report)) return null;
  const rows = rowsOf({ stage, before }, from, report.text);
  if (rows === null) return null;
  const own = report.text.slice(stage.span.start, stage.span.end);
  const layer = layerOf(trial);
  // What is compared by what fires needs a model that reads it first.
  const leads = ["", `acts layer ${layer} | `, `acts layer ${layer} | top 10 | `];
  for (const { label, line, own: sure, within } of waysTo(rows, trial)) {
    for (const lead of leads) {
      const text = mended(line.replace("…", () => `${within === true ? "" : rows.between}${lead}${own}`), null, trial)?.text ?? null;
      if (text === null) continue;
      return sure ? { label, fix: { span: { start: pipeline.span.start, end: stage.span.end }, text } } : { help: text, notes: [label] };
    }
  }
  return null;
}

/** Null where a model read the pipeline from its start on, or where it is written over several lines, which no message shows. */
function rowsOf({ stage, before }: Pick<Place, "stage" | "before">, from: Plan, text: string): Rows | null {
  const made = before.map((_, i) => before[i + 1]?.input ?? from);
  let cut = made.findIndex((plan) => plan.schema.kind !== "table" || wasRead(plan));
  if (cut < 0) cut = made.length;
  const plan = made[cut - 1];
  const last = before[cut - 1]?.stage.span;
  if (plan === undefined || last === undefined || !plan.schema.known) return null;
  const source = text.slice(before[0]!.stage.span.start, last.end);
  const next = before[cut]?.stage.span.start ?? stage.span.start;
  const between = text.slice(next, stage.span.start);
  return /[\n#]/.test(source + between) ? null : { plan, source, between };
}

/** Lines with `…` for what is written behind the groups, what is meant most likely first. */
function waysTo({ plan, source, between }: Rows, trial: Trial): readonly Way[] {
  const group = (name: string, of: string): string => (of === name ? name : `${printColumn(name)} = (${of})`);
  const [a, b] = beside(plan, source, trial) ?? [];
  const against = a === undefined || b === undefined ? [] : [{ label: `set against \`${b.name}\``, line: `groups ${group(a.name, a.source)}, ${group(b.name, b.source)} | …`, own: true }];
  const cuts = [...partsByTruth(plan), ...partsByText(plan, trial)].map(({ column, parts }): Way => ({ label: `cut by \`${column}\``, line: `${source} | split ${parts} | …`, own: true }));
  const shipped = "sample non_perfect 10";
  const others = "`others` stands for the texts that these are set against";
  const read = between.replace(/\s*\|\s*$/, "");
  return [
    ...against.filter(() => a?.whole === true),
    ...cuts,
    ...against,
    { label: others, line: `groups these = (${source}), others = (${shipped}) | …`, own: false },
    ...(read === "" ? [] : [{ label: others, line: `groups these = (${source} | ${read}), others = (${shipped} | ${read}) | …`, own: false, within: true as const }]),
  ];
}

/** The value that a pipeline starts from, and one with the same columns of which neither is made of the other. `whole`: the two are the two parts of one. */
function beside(plan: Plan, source: string, { scope }: Trial): readonly [{ readonly name: string; readonly source: string; readonly whole: boolean }, { readonly name: string; readonly source: string }] | null {
  const names = [...scope.relations.keys(), ...scope.standard.keys()].filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !/^_\d*$/.test(name));
  const word = names.find((name) => new RegExp(`^(?:sample\\s+)?${name}(?![\\p{L}\\p{N}_.])`, "u").test(source));
  const start = word === undefined ? undefined : relation(scope, word);
  if (word === undefined || start === undefined) return null;
  const other = names.find((name) => {
    const found = relation(scope, name)!;
    return name !== word && sameColumns(found.schema, start.schema) && !isMadeOf(found, start) && !isMadeOf(start, found);
  });
  if (other === undefined) return null;
  const whole = plan.inputs.length > 0 && start.inputs[0] !== undefined && start.inputs[0] === relation(scope, other)!.inputs[0];
  return [{ name: word, source, whole }, { name: other, source: source.replace(word, () => other) }];
}

const sameColumns = (a: Schema, b: Schema): boolean => a.kind === "table" && b.kind === "table" && a.groups === null && b.groups === null && a.columns.length === b.columns.length && a.columns.every(({ name, type }, i) => name === b.columns[i]!.name && type === b.columns[i]!.type);

function isMadeOf(plan: Plan, part: Plan): boolean {
  return plan === part || plan.inputs.some((input) => isMadeOf(input, part));
}

interface Cut {
  readonly column: string;
  /** As `split` takes them. */
  readonly parts: string;
}

/** Columns of true and false by which the rows were not chosen already. */
function partsByTruth(plan: Plan): readonly Cut[] {
  return plan.schema.columns.flatMap(({ name, type }) => {
    if (type !== "bool" || isChosenBy(plan, name)) return [];
    const column = printColumn(name);
    return [{ column: name, parts: `${column} = ${column}, ${printColumn(`not_${name}`)} = not ${column}` }];
  });
}

/** Columns of texts of which there are few, as the file that they come from holds them: the two values, or the first and all others. */
function partsByText(plan: Plan, { facts }: Trial): readonly Cut[] {
  let read = plan;
  while (read.op.op !== "read" && read.inputs.length === 1) read = read.inputs[0]!;
  if (read.op.op !== "read") return [];
  const { path, separator, types, format, lenient } = read.op;
  const known = facts.get(needKey({ kind: "table", path, separator, types, format, ...(lenient === undefined ? {} : { lenient }) }));
  const values = known?.state === "known" ? ((known.value as TableFacts).values ?? {}) : {};
  return plan.schema.columns.flatMap(({ name, type }) => {
    const [a, b, ...more] = (Object.hasOwn(values, name) ? values[name]! : []).filter((value) => value !== "");
    if (type !== "str" || a === undefined || b === undefined || more.length > MOST_VALUES || isChosenBy(plan, name)) return [];
    const column = printColumn(name);
    const rest = more.length === 0 ? `${printColumn(b)} = ${column} == ${JSON.stringify(b)}` : `others = ${column} != ${JSON.stringify(a)}`;
    return [{ column: name, parts: `${printColumn(a)} = ${column} == ${JSON.stringify(a)}, ${rest}` }];
  });
}

/** Whether a condition on the way read the column: rows that it chose are alike in it. */
function isChosenBy(plan: Plan, column: string): boolean {
  const reads = (value: unknown): boolean => typeof value === "object" && value !== null && (("op" in value && value.op === "column" && "name" in value && value.name === column) || Object.values(value).some(reads));
  return (plan.op.op === "filter" && reads(plan.op.predicate)) || plan.inputs.some((input) => isChosenBy(input, column));
}
