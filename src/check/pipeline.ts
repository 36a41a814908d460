/** Without this file stages would not be joined, and nobody would check that one accepts what the one before gives. */
import type { Arg as Words, Expr, Pipeline, Stage } from "../../grammar/ast.ts";
import { printArg, printColumn, printExpr } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import { depthOf, MOST_DEPTH } from "../ops/depth.ts";
import type { Plan } from "../ops/op.ts";
import { MOST_COLUMNS, showType, UNKNOWN } from "../ops/schema.ts";
import { STAGE_BY_NAME } from "../stages/mod.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";
import { acceptsInput, type Place } from "./accepts.ts";
import { comparedValues, listedValues } from "./as_groups.ts";
import { argumentsHold } from "./arguments_of_kinds.ts";
import { bindWords, type Slots } from "./bind.ts";
import { single } from "./constant.ts";
import { HALVED } from "./expansions.ts";
import { tellColumnsAsWritten } from "./columns_as_written.ts";
import { countWrittenOut, expandDefinition, isDefined, refuseCall } from "./expand.ts";
import { loweringOf } from "./lowering_of.ts";
import { orAsMeant } from "./meant_arguments.ts";
import { wordOf, type Hint } from "./misplaced.ts";
import { beyondHelp, error, isAbsent, relation, stageNamed, type Facts, type Report, type Scope } from "./scope.ts";
import { listed, nearest } from "./suggest.ts";
import { works } from "./tried.ts";
import { asCheckpoint, nameless, unknownStage } from "./unknown_stage.ts";
import { argumentValue } from "./values.ts";
import { asPredicted } from "./predicted_words.ts";
import { leftOut, type Step } from "./ways.ts";
import { withInput } from "./without_input.ts";

export interface CheckContext {
  readonly scope: Scope;
  readonly facts: Facts;
  readonly report: Report;
}

/** Stands for a stage with a mistake: later stages keep quiet about columns and kinds. */
function unknown(at: Span): Plan {
  return { op: { op: "literal", columns: [], rows: [] }, inputs: [], schema: UNKNOWN, at, label: "" };
}

/**
 * A pipeline as a plan. `input` is what its first stage continues, or null where it starts by itself.
 * Null only where nothing at all can be said; mistakes are reported and checking goes on behind them.
 */
export function checkPipeline(pipeline: Pipeline, input: Plan | null, context: CheckContext): Plan | null {
  const { scope, report } = context;
  let current = input;
  if (pipeline.continues && input === null) {
    current = scope.relations.get("_") ?? null;
    if (current === null) {
      error(report, { start: pipeline.span.start, end: pipeline.span.start + 1 }, "nothing-to-continue", "there is no result yet to continue", { help: "sample perfect 10 | acts layer 7 | top 10" });
      current = unknown(pipeline.span);
    }
  }
  const before: Step[] = [];
  for (const stage of pipeline.stages) {
    const made = checkStage(stage, current, { before, pipeline }, context);
    before.push({ stage, input: current });
    current = made;
  }
  return current;
}

function checkStage(stage: Stage, input: Plan | null, around: Pick<Place, "before" | "pipeline">, context: CheckContext): Plan {
  const [first, ...words] = stage.args;
  const head = first === undefined ? null : single(first);
  if (first === undefined || head === null || head.kind === "hole") {
    if (first !== undefined && head === null && first.items.every((item) => item.value.kind !== "hole")) {
      error(context.report, first.span, "no-stage-name", "a stage starts with its name", withoutName(stage, first, input, context));
    }
    return unknown(stage.span);
  }
  if (input === null) {
    const start = startOf(stage, words, context);
    if (start !== null) return start;
  }
  if (input !== null && isSelectAll(head)) {
    error(context.report, head.span, "no-stage-name", "all columns are there already", { label: "leave it out", fix: leftOut(stage, around.before) });
    return input;
  }
  if (head.kind !== "name") {
    nameless(head, input, words.length > 0, { ...context, check: checkPipeline });
    return unknown(stage.span);
  }
  const name = head.path.join(".");
  const definition = head.quoted ? undefined : stageNamed(context.scope, name);
  if (definition === undefined) {
    unknownStage(name, stage, input, { ...context, check: checkPipeline });
    return unknown(stage.span);
  }
  return orAsMeant(definition, words, input, { ...context, check: checkPipeline }, () => checkCall(definition, { stage, at: head.span, ...around }, words, input, context));
}

/** `select *` */
function isSelectAll(head: Expr): boolean {
  return head.kind === "binary" && head.op === "*" && head.left.kind === "name" && head.left.path[0] === "select" && head.right.kind === "hole";
}

/** `runs = csv "x.csv"` without its `let`, and `sort desc count`. */
function withoutName(stage: Stage, first: Words, input: Plan | null, { scope, report }: CheckContext): Hint {
  const { args, span } = stage;
  if (input === null && args.length === 1 && listedValues([first], scope, report.text) !== null) return { label: "write `groups` before them", fix: { span: { start: first.span.start, end: first.span.start }, text: "groups " } };
  const [item, next, ...more] = first.items;
  if (item !== undefined && next !== undefined && more.length === 0 && item.name === null && next.name === null && item.value.kind === "name" && next.value.kind === "name" && STAGE_BY_NAME.has(next.value.path.join(".")))
    return { label: "write `|`", fix: { span: { start: item.span.end, end: next.span.start }, text: " | " } };
  if (item === undefined || next !== undefined) return {};
  const setting = input === null && item.name !== null && args.length === 1 ? asCheckpoint(item.value) : null;
  if (setting !== null) return { label: `write \`${setting}\``, fix: { span, text: setting } };
  if (item.name !== null && input !== null) return { label: "`derive` makes columns", fix: { span: { start: span.start, end: span.start }, text: "derive " } };
  if (item.name !== null) return input !== null ? {} : { label: "write `let` before it", fix: { span: { start: first.span.start, end: first.span.start }, text: "let " } };
  const [key, ...rest] = args.slice(1);
  if (item.order === null || key === undefined || rest.length > 0 || key.items.some(({ order }) => order !== null)) return {};
  const text = `${printExpr(item.value)} ${printArg(key)} ${item.order}`;
  return { label: `write \`${text}\``, fix: { span, text } };
}

/** A relation, or a pipeline in brackets, alone at the start. */
function startOf(stage: Stage, words: readonly Words[], context: CheckContext): Plan | null {
  const head = single(stage.args[0]!)!;
  if (words.length > 0) return null;
  if (head.kind === "group") return checkPipeline(head.pipeline, null, context) ?? unknown(stage.span);
  if (head.kind !== "name") return null;
  return relation(context.scope, head.path.join(".")) ?? null;
}

function checkCall(definition: StageDefinition, place: Place, words: readonly Words[], input: Plan | null, context: CheckContext): Plan {
  const { stage, at: nameSpan } = place;
  const { report } = context;
  let from = input;
  let rest = words;
  if (input === null && definition.input.length > 0 && !definition.inputOptional) {
    if (standsFirst(definition, place, words, context)) return unknown(stage.span);
    const compared = comparedValues(definition, words, place, { ...context, check: checkPipeline });
    if (compared !== null) {
      error(report, nameSpan, "missing-input", `\`${definition.name}\` stands behind what it works on`, { label: compared.text.startsWith("groups ") ? "values side by side are groups" : "`concat` puts rows behind one another", fix: compared });
      return unknown(stage.span);
    }
    const turned = inputBehind(definition, words, context);
    if (turned !== null) {
      error(report, nameSpan, "missing-input", `\`${definition.name}\` stands behind what it works on`, { label: `write \`${turned}\``, fix: { span: stage.span, text: turned } });
      return unknown(stage.span);
    }
    const named = headRelation(definition, words, context);
    if (named === null) {
      const help = withInput(definition, stage, report.text.slice(stage.span.end, place.pipeline.span.end), { ...context, check: checkPipeline });
      error(report, nameSpan, "missing-input", `\`${definition.name}\` needs something to work on`, { notes: [`it takes ${definition.input.join(" or ")}`, `usage: ${usage(definition)}`], ...(help === null ? {} : { help }) });
      return unknown(stage.span);
    }
    from = named;
    rest = words.slice(1);
  }
  if (from !== null && definition.input.length === 0) {
    error(report, nameSpan, "source-after-pipe", `\`${definition.name}\` starts a pipeline; it takes no input`, { notes: [`the input here is ${showType(from.schema)}`, "it stands on a line of its own, or in the brackets of a stage that takes a second input: `join`, `concat`"], help: report.text.slice(stage.span.start, stage.span.end) });
    return unknown(stage.span);
  }
  if (from !== null && !acceptsInput(definition, from, place, { ...context, check: checkPipeline })) return unknown(stage.span);
  const before = report.diagnostics.length;
  const slots = bindWords(definition, rest, nameSpan, from?.schema ?? null, report);
  const failed = (): Plan => (tellColumnsAsWritten(stage.span, from, before, { ...context, check: checkPipeline }), unknown(stage.span));
  if (slots === null) sayPredicted(definition, before, from, place, context);
  if (slots === null || !argumentsHold(definition, slots, from, place, { ...context, check: checkPipeline })) return failed();
  const blind = from !== null && !from.schema.known;
  const values = slotValues(definition, slots, from, context);
  if (values === null) sayPredicted(definition, before, from, place, context);
  if (values === null || (blind && !isDefined(definition))) return failed();
  if (isDefined(definition)) {
    const call = { at: stage.span, nameSpan, label: report.text.slice(stage.span.start, stage.span.end) };
    return expandDefinition(definition, values, from, call, context, checkPipeline) ?? unknown(stage.span);
  }
  if (!countWrittenOut(report)) return unknown(stage.span);
  const made = definition.lower(loweringOf(definition, place, slots, from, { ...context, check: checkPipeline }), values);
  if (made !== null && depthOf(made) > MOST_DEPTH) {
    if (!refuseCall(report.expansions, (name) => `with \`${name}\` written out, more than ${MOST_DEPTH} stages follow one another`)) error(report, nameSpan, "too-many-stages", `more than ${MOST_DEPTH} stages follow one another`, { notes: [HALVED] });
    return unknown(stage.span);
  }
  if (made !== null && made.schema.columns.length > MOST_COLUMNS) {
    error(report, nameSpan, "too-many-columns", `there would be ${made.schema.columns.length} columns, and a table has at most ${MOST_COLUMNS}`, { help: "… | select <columns>" });
    return unknown(stage.span);
  }
  return made ?? failed();
}

/** Of the mistakes from `since` on: which stage makes a column that is not there, where that is known. */
function sayPredicted(definition: StageDefinition, since: number, from: Plan | null, place: Place, context: CheckContext): void {
  const { diagnostics } = context.report;
  for (let at = since; at < diagnostics.length; at++) {
    const told = diagnostics[at]!;
    const hint = told.fix === undefined || told.code === "unknown-keyword" ? asPredicted(definition, told, from, place, { ...context, check: checkPipeline }) : null;
    if (hint !== null) diagnostics[at] = { ...told, ...hint, notes: [...(hint.notes ?? []), ...(told.notes ?? [])] };
  }
}

/** `sample 10 from perfect`, `take 10 perfect`: the line that starts with the value; null where none is named, or it does not work. */
function inputBehind({ name }: StageDefinition, words: readonly Words[], context: CheckContext): string | null {
  const { scope, report } = context;
  const at = words.findIndex((each) => relation(scope, wordOf(each) ?? "") !== undefined);
  if (at <= 0 || report.trial === true || beyondHelp(report) || report.expansions.nested > 0) return null;
  const filler = ["from", "of", "in", "on", "for"].includes(wordOf(words[at - 1]!) ?? "");
  const rest = words.filter((_, i) => i !== at && !(filler && i === at - 1)).map((each) => report.text.slice(each.span.start, each.span.end));
  const text = `${wordOf(words[at]!)!} | ${[name, ...rest].join(" ")}`;
  return works(text, null, { ...context, check: checkPipeline }) ? text : null;
}

/** `explain sample perfect 3`: a stage before what it works on. True: reported. */
function standsFirst({ name, args }: StageDefinition, { at, stage, pipeline }: Place, words: readonly Words[], context: CheckContext): boolean {
  const { scope, report } = context;
  if (Object.values(args).some(({ required }) => required)) return false;
  const flags = words.findIndex((each) => !Object.entries(args).some(([flag, { shape }]) => shape.kind === "flag" && flag === wordOf(each)));
  const first = words[flags];
  const alone = first === undefined || flags === 0 || flags < words.length - 1 ? null : single(first);
  const inner = alone?.kind === "group" ? report.text.slice(alone.pipeline.span.start, alone.pipeline.span.end) : null;
  const word = first === undefined ? null : wordOf(first);
  if (first === undefined || (word !== null && Object.hasOwn(args, word)) || (inner === null && (word === null || stageNamed(scope, word) === undefined || relation(scope, word) !== undefined))) return false;
  const before = words.slice(0, flags).map(printArg).join(" ");
  const rest = inner ?? words.slice(flags).map(printArg).join(" ");
  const own = `${name} ${before}`.trim();
  const text = `${rest}${report.text.slice(stage.span.end, pipeline.span.end)} | ${own}`;
  const fits = report.trial !== true && works(text, null, { ...context, check: checkPipeline });
  error(report, at, "missing-input", `\`${name}\` stands behind what it works on`, fits ? { fix: { span: { start: stage.span.start, end: pipeline.span.end }, text } } : { help: `${rest} | … | ${own}` });
  return true;
}

/** `sample perfect 10`: the first word names the input where it is a relation or a pipeline in brackets; null where it is one of the stage's own words. */
function headRelation({ args }: StageDefinition, [words, ...others]: readonly Words[], context: CheckContext): Plan | null {
  const first = words === undefined ? null : single(words);
  const count = 1 + others.length;
  if (first === null) return null;
  if (first.kind === "group") return checkPipeline(first.pipeline, null, context);
  if (first.kind !== "name") return null;
  const found = relation(context.scope, first.path.join("."));
  if (found !== undefined) return found;
  const name = first.path.join(".");
  const own = Object.hasOwn(args, name) ? args[name] : undefined;
  if (own !== undefined && (own.keyword || own.shape.kind === "flag")) return null;
  const near = nearest(name, [...context.scope.relations.keys(), ...context.scope.standard.keys()]);
  // `hist l0`: the word that the stage needs, and not what it works on.
  if (near === null && count <= Object.values(args).filter(({ required, keyword }) => required && !keyword).length) return null;
  if (isAbsent(context.scope, name)) return unknown(first.span);
  if (beyondHelp(context.report)) return error(context.report, first.span, "unknown-name", `no value named \`${name}\``) ?? unknown(first.span);
  const [head = "", ...column] = first.path;
  const table = first.path.length > 1 ? relation(context.scope, head)?.schema : undefined;
  if (table?.kind === "table" && table.columns.some((each) => each.name === column.join("."))) {
    const text = `(${printColumn(head)} | select ${printColumn(column.join("."))})`;
    error(context.report, first.span, "unknown-name", `no value named \`${name}\``, { label: `write \`${text}\``, fix: { span: first.span, text } });
    return unknown(first.span);
  }
  error(context.report, first.span, "unknown-name", `no value named \`${name}\``, {
    ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: first.span, text: near } }),
    notes: [`values here: ${listed([...context.scope.relations.keys(), ...context.scope.standard.keys()])}`],
    ...(name === "" || first.path.length > 1 ? {} : { help: `let ${printColumn(name)} = csv "…"` }),
  });
  return unknown(first.span);
}

function slotValues(definition: StageDefinition, slots: Slots, from: Plan | null, context: CheckContext): Readonly<Record<string, unknown>> | null {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const schema = from?.schema ?? { ...UNKNOWN, known: true };
  let complete = true;
  for (const [name, spec] of Object.entries(definition.args)) {
    const slot = slots.get(name);
    if (slot === undefined) values[name] = spec.default;
    else if (slot.words === null) values[name] = true;
    else {
      const value = argumentValue(spec.shape, slot.words, {
        stage: definition.name,
        schema,
        scope: context.scope,
        report: context.report,
        text: context.report.text,
        pipeline: (pipeline, start) => checkPipeline(pipeline, start === "own" ? from : null, context),
      });
      if (value === undefined) complete = false;
      values[name] = value;
    }
  }
  return complete ? values : null;
}
