/** Without this file a stage that is not there would be refused without saying which one was meant. */
import type { Expr, Stage } from "../../grammar/ast.ts";
import { printArg } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import { showType, type Kind } from "../ops/schema.ts";
import { usage, type Category, type StageDefinition } from "../stages/stage.ts";
import { single } from "./constant.ts";
import { listedValues } from "./as_groups.ts";
import { inWords } from "./calls.ts";
import { chainAt } from "./chains.ts";
import { asUse, meaningOf } from "./foreign_stages.ts";
import { aggregateOf, wordOf, type Hint } from "./misplaced.ts";
import { readerOf } from "./readers.ts";
import { SETTINGS } from "./settings.ts";
import { beyondHelp, error, isAbsent, relation, stageNamed, stagesOf } from "./scope.ts";
import { distance, listed, nearest } from "./suggest.ts";
import { firstThatStands, type Trial } from "./tried.ts";

/** Report a stage whose name is none. `input`: what it was to work on, null at the start of a pipeline. */
export function unknownStage(name: string, stage: Stage, input: Plan | null, trial: Trial): void {
  const { scope, report } = trial;
  const at = single(stage.args[0]!)!.span;
  if (isAbsent(scope, name)) return;
  if (beyondHelp(report)) return void error(report, at, "unknown-stage", `no stage named \`${name}\``);
  const alone = stage.args.length === 1;
  if (input === null && !alone && relation(scope, name) !== undefined) {
    const side = listedValues(stage.args, scope, report.text);
    const chain = chainAt(at.start, trial) ?? (side === null ? null : { span: stage.span, text: `groups ${side}` });
    error(report, at, "relation-not-stage", `\`${name}\` is a value, not a stage`, { notes: ["a stage follows after `|`"], ...(chain !== null ? replaced(chain.span, chain.text) : stageNamed(scope, wordOf(stage.args[1]!) ?? "") === undefined ? { help: `${name} | take 10` } : { label: "write `|` behind it", fix: { span: { start: at.end, end: at.end }, text: " |" } }) });
    return;
  }
  const all = stagesOf(scope);
  const relations = [...scope.relations.keys(), ...scope.standard.keys()];
  const odd = [...name].findIndex((character) => character.codePointAt(0)! > 127);
  const fitting = byUse(all.filter((each) => (input === null ? each.input.length === 0 || each.category === "sources" : input.schema.known ? each.input.includes(input.schema.kind) : each.input.length > 0)), input);
  const foreign = asForeign(name, stage, input, trial);
  const chain = input === null && alone && name.includes(".") ? chainAt(at.start, trial) : null;
  const stated = input === null ? asStatement(name, at, stage) : null;
  const meant = chain !== null ? replaced(chain.span, chain.text) : asFile(name, at, all, alone && input === null) ?? asLoaded(name, stage, input, all) ?? foreign ?? stated ?? asAggregateStage(name, stage, input) ?? asName(name, at, { all, fitting, relations: input === null && alone ? relations : [] });
  error(report, at, "unknown-stage", input === null && alone ? `no stage or value named \`${name}\`` : `no stage named \`${name}\``, {
    ...meant,
    notes: [
      ...(meant.notes ?? []),
      ...(odd < 0 ? [] : [`character ${odd + 1} is U+${[...name][odd]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`]),
      input === null
        ? `values here: ${listed(relations)}; sources: ${listed(fitting.map((each) => each.name))}`
        : foreign !== null ? [] : !input.schema.known ? "what flows in here is not known" : `the input here is ${showType(input.schema)}${fitting.length === 0 ? "" : `; stages that take it: ${listed(fitting.map((each) => each.name), 50)}`}`,
    ].flat(),
  });
}

/** Report a stage that starts with something else than its name, such as a call or a text. */
export function nameless(head: Expr, input: Plan | null, more: boolean, trial: Trial): void {
  const chain = head.kind === "call" && input === null ? chainAt(head.span.start, trial, head) : null;
  const setting = more || input !== null ? null : asCheckpoint(head);
  const { report } = trial;
  if (setting !== null && report.statement !== undefined && report.expansions.nested === 0) return void error(report, head.span, "no-stage-name", "models and SAEs are set, and hold for all lines that follow", replaced({ start: report.statement.start, end: head.span.end }, setting));
  const loaded = head.kind === "call" && input === null && !more && /^(?:load_?\w*|read_?\w*|open)$/.test(head.name.slice(head.name.lastIndexOf(".") + 1)) && head.args.length === 1 && head.args[0]!.value.kind === "str" ? readerOf(head.args[0]!.value.value, stagesOf(trial.scope)) : null;
  const saved = more ? null : (asSave(head, input) ?? asStart(head, input, trial));
  const written = head.kind === "call" && !more && chain === null ? inWords(head, input, trial) : null;
  const meant = chain !== null ? replaced(chain.span, chain.text) : saved !== null ? saved : loaded !== null && written === null ? replaced(head.span, loaded) : written !== null ? replaced(head.span, written) : head.kind === "str" ? asFile(head.value, head.span, stagesOf(trial.scope), input === null && !more) : null;
  error(trial.report, head.span, "no-stage-name", input === null ? "a pipeline starts with a source or a name" : "a stage starts with its name", meant ?? { help: input === null ? 'csv "x.csv" | take 10' : "take 10" });
}

/** `runs > "x.csv"`, as a shell has it, and `| "x.csv"`; null for anything else. */
function asSave(head: Expr, input: Plan | null): Hint | null {
  const file = head.kind === "binary" && head.op === ">" && input === null && head.left.kind === "name" ? head.right : input !== null ? head : null;
  if (file?.kind !== "str" || !/\.(?:csv|tsv|jsonl|json|parquet|svg)$/i.test(file.value)) return null;
  return head.kind === "binary" ? { label: "write `| save`", fix: { span: { start: head.left.span.end, end: file.span.start }, text: " | save " } } : { label: "write `save` before it", fix: { span: { start: file.span.start, end: file.span.start }, text: "save " } };
}

/** `"The cat sat" | …`, `$runs`, `runs <- …`, `set.seed(42)`: what starts a pipeline, or was meant for a statement; null for anything else. */
function asStart(head: Expr, input: Plan | null, { scope, report }: Trial): Hint | null {
  if (input !== null) return null;
  if (head.kind === "str" && /\s/.test(head.value.trim()) && readerOf(head.value, stagesOf(scope)) === null) return { label: "write `prompts` before it", fix: { span: { start: head.span.start, end: head.span.start }, text: "prompts " } };
  if (head.kind === "paramRef" && relation(scope, head.name) !== undefined) return replaced(head.span, head.name);
  if (head.kind === "binary" && head.op === "<" && head.left.kind === "name" && head.right.kind === "unary" && head.right.op === "-") return replaced({ start: head.span.start, end: head.right.operand.span.start }, `let ${head.left.path.join(".")} = `);
  if (head.kind === "call" && head.name === "set.seed" && head.args.length === 1) return replaced(head.span, `set seed ${report.text.slice(head.args[0]!.span.start, head.args[0]!.span.end)}`);
  return null;
}

/** `model = HookedTransformer.from_pretrained("x")`, `SAE.from_pretrained("release", "id")`: the setting that does it; null for another call. */
export function asCheckpoint(call: Expr): string | null {
  if (call.kind !== "call" || !/(?:^|\.)(?:from_pretrained(?:_no_processing)?|load_model|load_sae)$/.test(call.name)) return null;
  const texts = call.args.filter(({ name }) => name === null || /^(?:release|sae_id|model_name|pretrained_model_name_or_path)$/.test(name.path.join("."))).flatMap(({ value }) => (value.kind === "str" ? [value.value] : []));
  const sae = /sae|transcoder/i.test(call.name);
  const [first, second] = texts;
  return first === undefined ? null : sae ? `set sae ${JSON.stringify(second === undefined ? first : `${first}/${second}`)}` : `set model ${JSON.stringify(first)}`;
}

/** `var runs = perfect`, `seed 42`, `help acts`: what belongs to a statement, or to the prompt; null for anything else. */
function asStatement(name: string, at: Span, { args }: Stage): Hint | null {
  const [next] = args.slice(1);
  if (/^(?:var|const|val|local|my|declare)$/.test(name) && next?.items[0]?.name != null) return replaced(at, "let");
  if (Object.hasOwn(SETTINGS, name) && args.length === 2) return { notes: [`\`${name}\` is a setting`], label: "write `set` before it", fix: { span: { start: at.start, end: at.start }, text: "set " } };
  if (/^(?:help|man|doc)$/.test(name)) return { notes: ["at the prompt: .help"], help: `saeq doc${next === undefined ? "" : ` ${printArg(next)}`}` };
  if (/^(?:quit|exit|ls|clear)$/.test(name) && next === undefined) return { notes: [name === "ls" ? "at the prompt: .ls" : "at the prompt: .quit"] };
  if (/^(?:import|from)$/.test(name)) return { notes: ["nothing is imported: all stages are there, and `use` brings those of a file"] };
  return null;
}

const replaced = (span: Span, text: string): Hint => ({ label: `write \`${text}\``, fix: { span, text } });

/** What follows on each kind of value most often, first. */
const USES: Readonly<Partial<Record<Kind, readonly Category[]>>> = { table: ["defined", "tables", "groups", "results", "model"], features: ["defined", "features", "tables", "results"], acts: ["defined", "features", "results"] };

function byUse(stages: readonly StageDefinition[], input: Plan | null): readonly StageDefinition[] {
  const order = (input === null ? undefined : USES[input.schema.kind]) ?? [];
  const place = ({ category }: StageDefinition): number => (order.includes(category) ? order.indexOf(category) : order.length);
  return stages.toSorted((a, b) => place(a) - place(b));
}

interface Known {
  readonly all: readonly StageDefinition[];
  /** Stages that take what is there. */
  readonly fitting: readonly StageDefinition[];
  readonly relations: readonly string[];
}

/** The name that other tools have for a stage, best for one that takes what is there; else the nearest name, one of a module without it, or a stage that is found under the word. */
function asName(name: string, at: Span, { all, fitting, relations }: Known): Hint {
  const word = name.toLowerCase();
  const known = (each: StageDefinition): boolean => each.alsoCalled.includes(word);
  const names = [...relations, ...all.map((each) => each.name)];
  const close = nearest(name, names);
  const slip = close !== null && distance(word, close.toLowerCase()) <= 1 ? close : null;
  const also = fitting.find(known)?.name;
  const found = slip ?? also ?? names.find((each) => each.endsWith(`.${name}`));
  const related = found === undefined ? (fitting.find((each) => each.searchTerms.includes(word)) ?? all.find((each) => each.searchTerms.includes(word))) : undefined;
  if (related !== undefined && close !== related.name) return { notes: [`\`${related.name}\` is near: ${related.doc.split(/(?<=[.:?]) |: /)[0]!}`], help: usage(related) };
  const near = found ?? close ?? undefined;
  return near === undefined ? {} : { label: `did you mean \`${near}\`?`, fix: { span: at, text: near } };
}

/** A command that saeq has no stage of the same kind for: the line that does it, or one to start from. */
function asForeign(name: string, { args, span }: Stage, input: Plan | null, trial: Trial): Hint | null {
  const words = args.slice(1);
  const use = input === null ? asUse(name, words) : null;
  if (use !== null) return replaced(span, use);
  const meaning = input === null ? null : meaningOf(name, { words, kind: input.schema.known ? input.schema.kind : null });
  if (meaning === null) return null;
  const { write, otherwise, help, note } = meaning;
  const fixed = firstThatStands([write, otherwise].filter((each) => each !== undefined), input, trial);
  return { ...(note === undefined ? {} : { notes: [note] }), ...(fixed !== null ? replaced(span, fixed) : { help: write ?? help ?? "" }) };
}

/** `load "x.csv"`: the source that reads such a file. */
function asLoaded(name: string, { args, span }: Stage, input: Plan | null, all: readonly StageDefinition[]): Hint | null {
  const file = args.length === 2 ? single(args[1]!) : null;
  const reader = input === null && file?.kind === "str" && /^(?:load|read|read_table|read_data|import|from|file|fread|open_dataset)$/.test(name) ? readerOf(file.value, all) : null;
  return reader === null ? null : replaced(span, reader);
}

/** A file where its source is missing (`"texts.csv" | take 3`). */
function asFile(name: string, at: Span, all: readonly StageDefinition[], first: boolean): Hint | null {
  const written = first ? readerOf(name, all) : null;
  return written === null ? null : { label: `write \`${written}\``, fix: { span: at, text: written } };
}

/** `mean score`, where figures of columns are what `agg` gives. */
function asAggregateStage(name: string, { args, span }: Stage, input: Plan | null): Hint | null {
  const [column, ...more] = args[1]?.items ?? [];
  const table = input !== null && (!input.schema.known || input.schema.kind === "table" || input.schema.kind === "features");
  if (column === undefined || more.length > 0 || args.length > 2 || !table) return null;
  const call = aggregateOf(name, column);
  return call === null ? null : { label: `write \`agg ${call}\``, fix: { span, text: `agg ${call}` } };
}
