/** Without this file `perfect.head(5)` and `len(memorization)` would be told that they are no stages, and not which ones they are. */
import type { Expr, Item } from "../../grammar/ast.ts";
import { printColumn, printExpr } from "../../grammar/print_parts.ts";
import type { Plan } from "../ops/op.ts";
import type { Shape } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { aggregateOf, columnNamed, ofColumns } from "./misplaced.ts";
import { relation, stagesOf } from "./scope.ts";
import { sortedCall } from "./sorted_calls.ts";
import { firstThatStands, type Trial } from "./tried.ts";

type Call = Expr & { readonly kind: "call" };

/** Under which names libraries are imported: `pd.read_csv("x.csv")`. */
const LIBRARIES: readonly string[] = ["pd", "pandas", "pl", "polars", "df", "duckdb", "np", "saeq"];

/** What pandas calls the columns that a method is about. */
const OF_COLUMNS: readonly string[] = ["columns", "by", "subset", "cols"];

const ofList = (shape: Shape): boolean => ofColumns(shape) || shape.kind === "assignments" || shape.kind === "parts" || (shape.kind === "pipelines" && shape.named) || ((shape.kind === "int" || shape.kind === "string") && shape.list);

/** What a call is in words; null where no line is known that works. */
export function inWords(call: Call, input: Plan | null, trial: Trial): string | null {
  const at = call.name.lastIndexOf(".");
  const owner = call.name.slice(0, Math.max(0, at));
  const name = call.name.slice(at + 1);
  const owned = owner !== "" && input === null && relation(trial.scope, owner) !== undefined;
  if (owner !== "" && !owned && !LIBRARIES.includes(owner)) return null;
  const [first, ...rest] = call.args;
  const from = owned ? owner : input === null && first?.name === null && first.value.kind === "name" ? relationNamed(first.value.path.join("."), trial) : null;
  const args = owned || from === null ? call.args : rest;
  const sorted = sortedCall(name, trial.report.text.slice(call.span.start, call.span.end));
  const written = [...(sorted === null ? [] : [sorted]), ...callsInWords(name, args, stagesOf(trial.scope))].flatMap((stage) => (stage.startsWith("join ") ? [stage, `${stage} suffix "_other"`] : [stage])).map((stage) => (from === null ? stage : `${from} | ${stage}`));
  return firstThatStands(written.filter((each) => !each.includes("\n")), input, trial);
}

function relationNamed(name: string, { scope }: Trial): string | null {
  return relation(scope, name) === undefined ? null : name;
}

/** Stages that a call could be, what is meant most likely first. */
export function callsInWords(name: string, args: readonly Item[], stages: readonly StageDefinition[]): readonly string[] {
  const [only, ...others] = args;
  const aggregate = only === undefined || others.length > 0 ? null : aggregateOf(name, only);
  const named = stages.filter((each) => each.name === name || each.alsoCalled.includes(name));
  return [...(aggregate === null ? [] : [`agg ${aggregate}`]), ...named.map((each) => stageCall(each, args))];
}

function stageCall({ name, args: specs }: StageDefinition, args: readonly Item[]): string {
  const open = Object.values(specs).find(({ keyword }) => !keyword)?.shape;
  const lists = open !== undefined && ofList(open);
  const isOpen = (name: string): boolean => (open?.kind === "pipelines" && open.named ? !Object.hasOwn(specs, name) : Object.hasOwn(specs, name) ? !specs[name]!.keyword : open?.kind === "assignments" || (open !== undefined && ofColumns(open) && OF_COLUMNS.includes(name)));
  const positional = args.filter((each) => each.name === null || isOpen(each.name.path.join(".")));
  const keywords = args.filter((each) => !positional.includes(each)).map((each) => keyword(each, specs));
  return [name, positional.map((each) => argument(each, open)).join(lists ? ", " : " "), ...keywords].filter((word) => word !== "").join(" ");
}

/** `on="reference"`, `how="left"`: a keyword, under its own name, and its value as it is written there. */
function keyword({ name, value }: Item, specs: StageDefinition["args"]): string {
  const given = name!.path.join(".");
  const own = Object.hasOwn(specs, given) ? given : (Object.keys(specs).find((each) => specs[each]!.alsoCalled?.includes(given)) ?? given);
  const shape = Object.hasOwn(specs, own) ? specs[own]!.shape : undefined;
  if (value.kind === "str" && shape?.kind === "oneOf") return `${own} ${value.value}`;
  return `${own} ${shape !== undefined && ofColumns(shape) ? argument({ name: null, value, order: null, span: value.span }, shape) : printExpr(value)}`;
}

function argument({ name, value }: Item, open: Shape | undefined): string {
  if (value.kind === "str" && (name === null || open?.kind !== "assignments") && open !== undefined && (ofColumns(open) || open.kind === "assignments")) return printColumn(value.value);
  if (value.kind === "list" && open !== undefined && ofList(open)) return value.items.map((each) => argument({ name: null, value: each, order: null, span: each.span }, open)).join(", ");
  if (open?.kind === "pipelines" && open.named && name !== null) return `${name.path.join(".")} = ${printExpr(value)}`;
  if (open?.kind !== "assignments") return printExpr(value);
  const made = name?.path.join(".") ?? (value.kind === "call" ? columnNamed(value.name, value.args[0]?.value) : null);
  return made === null ? printExpr(value) : `${made} = ${printExpr(value)}`;
}
