/** Without this file `compare perfect, non_perfect` and `perfect vs non_perfect` would be refused, and nobody would say that values side by side are groups. */
import type { Arg as Words, Item, Pipeline, Stage } from "../../grammar/ast.ts";
import type { Fix } from "../../grammar/diagnostic.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { wordOf } from "./misplaced.ts";
import { beyondHelp, relation, type Scope } from "./scope.ts";
import { firstThatStands, type Trial } from "./tried.ts";
import { layerOf } from "./ways.ts";

/** Words between two values. */
const BETWEEN: ReadonlySet<string> = new Set(["vs", "versus", "and", "with", "against", "to", "from"]);

/** Values that are listed, with names or without, as `groups` takes them; null where anything else stands among them, or there is one alone. */
export function listedValues(words: readonly Words[], scope: Scope, text: string): string | null {
  const items = words.filter((each) => !BETWEEN.has(wordOf(each)?.toLowerCase() ?? "")).flatMap((each) => each.items);
  const isValue = ({ value, order }: Item): boolean => order === null && ((value.kind === "name" && relation(scope, value.path.join(".")) !== undefined) || value.kind === "group");
  if (items.length < 2 || !items.every(isValue) || items.some(({ name, value }) => name === null && value.kind === "group")) return null;
  return items.map(({ span }) => text.slice(span.start, span.end)).join(", ");
}

/** A pipeline that starts with a stage which compares, and the values that it compares: `groups` of these, what stands behind it, then the stage. Null where that is not so, or does not work. */
export function comparedValues(definition: StageDefinition, words: readonly Words[], { stage, pipeline }: { readonly stage: Stage; readonly pipeline: Pipeline }, trial: Trial): Fix | null {
  const { report, scope } = trial;
  if (report.trial === true || report.expansions.nested > 0 || beyondHelp(report) || pipeline.stages[0] !== stage) return null;
  const values = listedValues(words, scope, report.text);
  if (values === null) return null;
  const behind = report.text.slice(stage.span.end, pipeline.span.end);
  const layer = layerOf(trial);
  const lines = definition.groups === "required" ? ["", ` | acts layer ${layer}`, ` | acts layer ${layer} | top 10`].map((lead) => `groups ${values}${behind}${lead} | ${definition.name}`) : definition.name === "group" ? [`groups ${values}${behind}`] : [];
  const [first, ...others] = values.split(", ");
  // What SQL calls a union puts rows of two tables behind one another.
  const rows = definition.name === "union" && !values.includes("=") ? [`${first} | concat ${others.join(", ")}${behind}`] : [];
  const text = firstThatStands([...lines, ...rows], null, trial);
  return text === null ? null : { span: { start: stage.span.start, end: pipeline.span.end }, text };
}
