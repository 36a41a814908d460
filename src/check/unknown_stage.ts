/** Without this file a stage that is not there would be refused without saying which one was meant. */
import type { Expr, Stage } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import { showType } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { single } from "./constant.ts";
import { aggregateOf, type Hint } from "./misplaced.ts";
import { error, relation, stagesOf, type Report, type Scope } from "./scope.ts";
import { distance, listed, nearest } from "./suggest.ts";

interface Place {
  readonly scope: Scope;
  readonly report: Report;
}

/** Report a stage whose name is none. `input`: what it was to work on, null at the start of a pipeline. */
export function unknownStage(name: string, stage: Stage, input: Plan | null, { scope, report }: Place): void {
  const at = single(stage.args[0]!)!.span;
  const alone = stage.args.length === 1;
  if (input === null && !alone && relation(scope, name) !== undefined) {
    error(report, at, "relation-not-stage", `\`${name}\` is a value, not a stage`, { notes: ["a stage follows after `|`"], help: `${name} | take 10` });
    return;
  }
  const all = stagesOf(scope);
  const relations = [...scope.relations.keys(), ...scope.standard.keys()];
  const odd = [...name].findIndex((character) => character.codePointAt(0)! > 127);
  const fitting = all.filter((each) => (input === null ? each.input.length === 0 : input.schema.known && each.input.includes(input.schema.kind)));
  const meant = asFile(name, at, all, alone && input === null) ?? asAggregateStage(name, stage, input) ?? asName(name, at, { all, fitting, relations: input === null && alone ? relations : [] });
  error(report, at, "unknown-stage", input === null && alone ? `no stage or value named \`${name}\`` : `no stage named \`${name}\``, {
    ...meant,
    notes: [
      ...(odd < 0 ? [] : [`character ${odd + 1} is U+${[...name][odd]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`]),
      input === null
        ? `values here: ${listed(relations)}; sources: ${listed(fitting.map((each) => each.name))}`
        : !input.schema.known ? "what flows in here is not known" : `the input here is ${showType(input.schema)}${fitting.length === 0 ? "" : `; stages that take it: ${listed(fitting.map((each) => each.name), 20)}`}`,
    ],
  });
}

/** Report a stage that starts with something else than its name, such as a call or a text. */
export function nameless(head: Expr, input: Plan | null, more: boolean, { scope, report }: Place): void {
  const meant = head.kind === "call" ? asWords(head, report.text) : head.kind === "str" ? asFile(head.value, head.span, stagesOf(scope), input === null && !more) : null;
  error(report, head.span, "no-stage-name", input === null ? "a pipeline starts with a source or a name" : "a stage starts with its name", meant ?? { help: 'csv "x.csv" | take 10' });
}

interface Known {
  readonly all: readonly StageDefinition[];
  /** Stages that take what is there. */
  readonly fitting: readonly StageDefinition[];
  readonly relations: readonly string[];
}

/** The name that other tools have for a stage, best for one that takes what is there; else the nearest name. */
function asName(name: string, at: Span, { all, fitting, relations }: Known): Hint {
  const word = name.toLowerCase();
  const known = (each: StageDefinition): boolean => each.searchTerms.includes(word);
  const close = nearest(name, [...relations, ...all.map((each) => each.name)]);
  const slip = close !== null && distance(word, close.toLowerCase()) <= 1 ? close : null;
  const near = slip ?? fitting.find(known)?.name ?? close ?? all.find(known)?.name;
  return near === undefined ? {} : { label: `did you mean \`${near}\`?`, fix: { span: at, text: near } };
}

/** A file where its source is missing (`"texts.csv" | take 3`). */
function asFile(name: string, at: Span, all: readonly StageDefinition[], first: boolean): Hint | null {
  const ending = /\.[A-Za-z0-9]+$/.exec(name)?.[0].toLowerCase();
  if (!first || ending === undefined) return null;
  const reads = ({ input, args }: StageDefinition): boolean => input.length === 0 && Object.values(args).some(({ shape }) => shape.kind === "path" && shape.access === "read" && shape.extensions.includes(ending));
  const source = all.find((each) => each.name === ending.slice(1) && reads(each)) ?? all.find(reads);
  const reader = source?.name ?? (ending === ".txt" ? "text" : null);
  const written = reader === null ? null : `${reader} ${JSON.stringify(name)}`;
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

/** A stage that was written as a call (`top(3, by=max)`), in words; null where its arguments are more than words. */
function asWords({ name, args, span }: Expr & { readonly kind: "call" }, text: string): Hint | null {
  const words = args.map((item) => `${item.name === null ? "" : `${item.name.path.join(".")} `}${text.slice(item.value.span.start, item.value.span.end)}`);
  if (args.some(({ value }) => value.kind === "hole") || words.some((word) => word.includes("\n"))) return null;
  const [only, ...others] = args;
  const call = only === undefined || others.length > 0 ? null : aggregateOf(name, only);
  const written = call === null ? [name, ...words].join(" ") : `agg ${call}`;
  return { label: `write \`${written}\``, fix: { span, text: written } };
}
