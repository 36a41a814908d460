/** Without this file a stage that does not take what flows in would be refused without a line that leads there. */
import type { Pipeline, Stage } from "../../grammar/ast.ts";
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { Kind, Schema } from "../ops/schema.ts";
import { STAGES } from "../stages/mod.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { FEATURE_COLUMNS } from "../stages/top.ts";
import type { Hint } from "./misplaced.ts";
import { behindLogits, isPredicted } from "./predicted_words.ts";
import { beyondHelp, needKey, type Need } from "./scope.ts";
import { mistakesOf, works, type Trial } from "./tried.ts";

/** A stage that was checked, and what flowed into it; null where it starts the pipeline. */
export interface Step {
  readonly stage: Stage;
  readonly input: Plan | null;
}

/** One way to write what was meant. */
interface Way {
  readonly label: string;
  /** What stands where, and what flows in there. */
  readonly text: string;
  readonly span: Span;
  readonly input: Plan | null;
}

/** A column that a list of features has, and not a function of the same name. */
const OF_LISTS = new RegExp(`\\b(?:${FEATURE_COLUMNS.map(({ name }) => name).join("|")})\\b(?!\\()`);
/** Nobody looks further back. */
const MOST_STEPS = 6;

/** How a stage could take part: a fix that was tried, else one of its own examples. */
export function wayTo(definition: StageDefinition, from: Plan, { stage, before }: { readonly stage: Stage; readonly before: readonly Step[] }, trial: Trial): Hint {
  const { report } = trial;
  if (report.trial === true || beyondHelp(report)) return {};
  // What a call of a definition brings about is told at the call, where a fix of its body would have no place.
  if (report.expansions.nested > 0) return definition.examples[0] === undefined ? {} : { help: definition.examples[0].query };
  if (isThere(definition, from, stage, before, report.text)) return { label: "leave it out", fix: leftOut(stage, before) };
  const own = whole(definition, stage, report.text);
  const found = firstThatWorks(waysTo(definition, own, from, stage, before.slice(-MOST_STEPS), trial), own, from, trial);
  return found === null ? exampleOf(definition, own, from, trial) : { label: found.label, fix: { span: found.span, text: found.text } };
}

/** A stage as it is written, or as its first example has it where only its name is and that is not enough. */
function whole({ name, args, examples }: StageDefinition, stage: Stage, text: string): string {
  const written = text.slice(stage.span.start, stage.span.end);
  const example = stage.args.length === 1 && Object.values(args).some(({ required }) => required) ? examples[0]?.query.split(" | ").find((each) => each.startsWith(`${name} `)) : undefined;
  return example ?? written;
}

/** A way without mistakes, else the first one whose mistakes are the stage's own: arguments that are wrong wherever it stands. */
function firstThatWorks(ways: readonly Way[], own: string, from: Plan, trial: Trial): Way | null {
  let nearly: Way | null = null;
  let anywhere: readonly string[] | null = null;
  for (const way of ways) {
    const mistakes = mistakesOf(way.text, way.input, trial);
    if (mistakes?.length === 0) return way;
    if (nearly !== null || mistakes === null) continue;
    anywhere ??= (mistakesOf(own, { ...from, schema: { ...from.schema, known: false } }, trial) ?? []).map(said);
    if (mistakes.every((each) => anywhere!.includes(said(each)))) nearly = way;
  }
  return nearly;
}

/** A mistake without its place, which another line has elsewhere. */
const said = ({ code, message }: Diagnostic): string => `${code}: ${message}`;

/** What leads from what flows in to one of these kinds, with the stage behind it; null where nothing does that works. */
export function ledTo(kinds: readonly Kind[], definition: StageDefinition, from: Plan, { span }: Stage, trial: Trial): Hint | null {
  const { report } = trial;
  if (report.trial === true || beyondHelp(report) || report.expansions.nested > 0) return null;
  const own = report.text.slice(span.start, span.end);
  const lead = onTheWay({ ...definition, input: kinds }, from.schema, layerOf(trial)).find((each) => each !== "" && works(`${each}${own}`, from, trial));
  return lead === undefined ? null : { label: `\`${lead.slice(0, -" | ".length)}\` comes before it`, fix: { span, text: `${lead}${own}` } };
}

/** The stage on groups, where it needs them, or one of its examples. */
function exampleOf(definition: StageDefinition, own: string, { schema }: Plan, trial: Trial): Hint {
  const ofGroups = definition.groups === "required" && schema.groups === null ? onGroups(definition, own, trial) : null;
  const help = ofGroups !== null && works(ofGroups, null, trial) ? ofGroups : definition.examples[0]?.query;
  return help === undefined ? {} : { help };
}

/**
 * A line in which a stage that compares has groups to compare: of rows where that works, else of what the model makes of them. `between`: what was made of the rows
 * before it, which is made of the groups then.
 */
export function onGroups(definition: StageDefinition, own: string, trial: Trial, between: readonly string[] = []): string {
  const { input } = definition;
  const groups = "groups a = (sample perfect 10), b = (sample non_perfect 10)";
  const made = between.map((_, at) => [groups, ...between.slice(at), own].join(" | "));
  const lines = [...made, ...(input.includes("table") ? [`${groups} | ${own}`] : []), ...(input.includes("acts") ? [`${groups} | acts layer 7 | ${own}`] : []), `${groups} | acts layer 7 | top 10 | ${own}`];
  const word = /^\S+\s+(\p{L}[\p{L}\p{N}_]*)/u.exec(own)?.[1] ?? "";
  if (isPredicted(word) !== null) lines.push(`${groups} | logits at continuation | ${behindLogits(definition, own, word)}`);
  const found = trial.report.trial === true || beyondHelp(trial.report) ? undefined : lines.find((line) => works(line, null, trial));
  return found ?? definition.examples[0]?.query ?? lines[0]!;
}

/** Whether a stage would only make what flows in already: `encode` of features that fire, the same stage twice. */
function isThere({ name, args, between }: StageDefinition, from: Plan, stage: Stage, before: readonly Step[], text: string): boolean {
  const written = ({ span }: Stage): string => text.slice(span.start, span.end);
  if (name === "explain") return from.op.op === "explain";
  const last = before.at(-1);
  return between?.gives === from.schema.kind && (Object.keys(args).length === 0 || (last !== undefined && written(last.stage) === written(stage)));
}

/** A stage taken out again, with the pipe before it. */
export function leftOut({ span }: Stage, before: readonly Step[]): Fix {
  return { span: { start: before.at(-1)?.stage.span.end ?? span.start, end: span.end }, text: "" };
}

/** Stages in place of the last one of a name before a stage, where what stands between them goes on working; null where there is none here, or it does not. */
export function insteadOf(name: string, written: string, { stage, before }: { readonly stage: Stage; readonly before: readonly Step[] }, trial: Trial): Fix | null {
  const { report } = trial;
  if (report.trial === true || report.expansions.nested > 0 || beyondHelp(report)) return null;
  const at = before.findLastIndex(({ stage: { span } }) => /^\w+/.exec(report.text.slice(span.start, span.end))?.[0] === name);
  const step = before[at];
  // A stage that starts a pipeline may have its input among its words; `groups` has none.
  if (step === undefined || (step.input === null && name !== "groups")) return null;
  const rest = report.text.slice(step.stage.span.end, stage.span.end);
  return works(`${written}${rest}`, step.input, trial) ? { span: step.stage.span, text: written } : null;
}

/** A stage and all behind it in its pipeline written anew, where that works on what flows in. */
export function anew(written: (behind: string) => string | null, input: Plan | null, { stage, pipeline }: { readonly stage: Stage; readonly pipeline: Pipeline }, trial: Trial): Fix | null {
  const { report } = trial;
  if (report.trial === true || report.expansions.nested > 0 || beyondHelp(report)) return null;
  const text = written(report.text.slice(stage.span.end, pipeline.span.end));
  return text !== null && works(text, input, trial) ? { span: { start: stage.span.start, end: pipeline.span.end }, text } : null;
}

/** The ways there are, what is meant most likely first. */
function waysTo(definition: StageDefinition, own: string, from: Plan, stage: Stage, before: readonly Step[], trial: Trial): readonly Way[] {
  const { text } = trial.report;
  const layer = layerOf(trial);
  const back = (count: number): { readonly rest: string; readonly span: Span; readonly input: Plan | null } => {
    const first = before[before.length - count]!;
    return { rest: text.slice(first.stage.span.start, before.at(-1)!.stage.span.end), span: { start: first.stage.span.start, end: stage.span.end }, input: first.input };
  };
  const earlier = before.map((_, i) => back(i + 1)).flatMap(({ input, ...more }) => (input === null || !input.schema.known ? [] : [{ ...more, input }]));
  const last = earlier[0];
  if (from.op.op === "explain") return last === undefined ? explained(before, stage, own, text) : onTheWay(definition, last.input.schema, layer).map((lead) => ({ label: "put it before `explain`", text: `${lead}${own} | ${last.rest}`, span: last.span, input: last.input }));
  const rewritten = definition.rewritten?.(own, from) ?? null;
  const anew = rewritten === null ? [] : [{ label: `write \`${rewritten.text}\``, text: rewritten.text, span: stage.span, input: from }];
  const leads = onTheWay(definition, from.schema, layer).filter((lead) => lead !== "").map((lead): Way => ({ label: `\`${lead.slice(0, -" | ".length)}\` comes before it`, text: `${lead}${own}`, span: stage.span, input: from }));
  if (definition.ofFeatures === true) leads.sort((a, b) => Number(/\brows\b/.test(a.text)) - Number(/\brows\b/.test(b.text)));
  const moved = earlier.map(({ rest, span, input }): Way => ({ label: `put it before \`${rest.split(/\s/)[0]}\``, text: `${own} | ${rest}`, span, input }));
  const kept = earlier.flatMap(({ rest, span, input }) => onTheWay(definition, input.schema, layer).map((lead) => ({ lead, label: "`tee` shows what it is given, and passes on what came before", text: `tee (${rest}) | ${lead}${own}`, span, input })));
  const asList = OF_LISTS.test(own) || definition.ofFeatures === true ? [...leads, ...moved] : [...moved, ...leads];
  return [
    ...(definition.beforeReading === true ? moved : []),
    ...(rewritten?.sure === true ? anew : []),
    // What takes rows of any kind is mostly meant for those that came before the model.
    ...(definition.input.includes("table") && definition.input.includes("features") ? asList : leads),
    ...kept.filter(({ lead }) => lead === ""),
    ...anew,
    ...kept,
  ];
}

/** `explain perfect | take 2`: the value it names, the stage, and then `explain`. */
function explained(before: readonly Step[], stage: Stage, own: string, text: string): readonly Way[] {
  const { args = [], span } = before[0]?.stage ?? { span: stage.span };
  const [name, ...words] = args.map((each) => text.slice(each.span.start, each.span.end));
  const value = words.find((word) => word !== "analyze");
  const flags = words.filter((word) => word !== value);
  return value === undefined || before.length !== 1 ? [] : [{ label: "put it before `explain`", text: `${value} | ${own} | ${[name, ...flags].join(" ")}`, span: { start: span.start, end: stage.span.end }, input: null }];
}

/** What could stand between a kind and a stage, each with its pipe: nothing, steps that lead to a kind that it takes, and `ungroup` where it takes no groups. */
function onTheWay(definition: StageDefinition, from: Schema, layer: number): readonly string[] {
  const found: { readonly kind: Kind; readonly lead: string }[] = [{ kind: from.kind, lead: "" }];
  for (const { kind, lead } of found) {
    for (const { name, input, between } of STAGES) {
      // Rows of single tokens have no text for a model.
      if (between === undefined || !input.includes(kind) || (between.gives === "table" && definition.category === "model") || found.some((other) => other.kind === between.gives)) continue;
      if (name !== definition.name && (lead !== "" || (between.fits?.(from) ?? true))) found.push({ kind: between.gives, lead: `${lead}${between.written(layer)} | ` });
    }
  }
  const parted = definition.groups === "refused" && from.groups !== null;
  const taken = found.filter(({ kind }) => (parted && definition.input.includes(from.kind) ? kind === from.kind : definition.input.includes(kind)));
  // What a stage names first is what it is for.
  if (definition.input[0] === "features") taken.sort((a, b) => Number(b.lead === "") - Number(a.lead === "") || definition.input.indexOf(a.kind) - definition.input.indexOf(b.kind));
  return taken.flatMap(({ lead }) => (parted ? [lead, `${lead}ungroup | `] : [lead]));
}

/** The layer of the SAE that is set, which is asked for; 7, as in the shipped one, where nobody knows. */
export function layerOf({ scope, facts, report }: Trial): number {
  const [name] = scope.settings.sae;
  if (name === undefined) return 7;
  const need: Need = { kind: "sae", name, convention: scope.settings.convention };
  const fact = facts.get(needKey(need));
  if (fact === undefined || fact.state === "pending") report.needs.set(needKey(need), need);
  const layer = fact?.state === "known" && "layer" in fact.value ? fact.value.layer : null;
  return layer ?? 7;
}
