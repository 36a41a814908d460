/** Without this file a stage could follow on a value that it can do nothing with. */
import type { Pipeline, Stage } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import { showGroups, showType, type Schema } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { KIND_WORDS } from "./arguments_of_kinds.ts";
import { columnPair } from "./column_pairs.ts";
import { ownGroups, wasRead } from "./groups_of_own.ts";
import type { Hint } from "./misplaced.ts";
import { beyondHelp, error } from "./scope.ts";
import { works, type Trial } from "./tried.ts";
import { layerOf, onGroups, wayTo, type Step } from "./ways.ts";

/** Where a stage stands: its name, itself, and the stages of its pipeline before it. */
export interface Place {
  readonly at: Span;
  readonly stage: Stage;
  readonly before: readonly Step[];
  readonly pipeline: Pipeline;
}

/** Whether a stage takes what flows in; where it does not, that is reported, with a way that leads there. */
export function acceptsInput(definition: StageDefinition, from: Plan, place: Place, trial: Trial): boolean {
  const { schema } = from;
  const { report } = trial;
  const { at } = place;
  if (!schema.known) return true;
  const way = () => wayTo(definition, from, place, trial);
  if (!definition.input.includes(schema.kind)) {
    error(report, at, "wrong-input", `\`${definition.name}\` takes ${definition.input.map((kind) => KIND_WORDS[kind]).join(" or ")}, not ${KIND_WORDS[schema.kind]}`, {
      notes: [...about(definition, from), definition.instead[schema.kind] ?? []].flat(),
      ...way(),
    });
    return false;
  }
  if (definition.groups === "required" && schema.groups === null) {
    const written = ({ span }: Stage): string => report.text.slice(span.start, span.end);
    const columns = definition.name === "compare" ? ofColumns(place, schema, trial) : null;
    error(report, at, "needs-groups", `\`${definition.name}\` compares groups, and there is only one set here`, {
      ...(columns ?? ownGroups(place, from, trial) ?? { help: onGroups(definition, written(place.stage), trial, place.before.slice(1).map(({ stage }) => written(stage))) }),
    });
    return false;
  }
  if (definition.groups === "refused" && schema.groups !== null) {
    error(report, at, "refuses-groups", `\`${definition.name}\` takes one table, not groups`, { notes: [`groups here: ${showGroups(schema)}`], ...way() });
    return false;
  }
  return true;
}

/** `compare before, after`: the line from its start with a group for each column; null where no two are named, or that does not work. */
function ofColumns({ stage, before, pipeline }: Place, schema: Schema, trial: Trial): Hint | null {
  const { report } = trial;
  if (report.trial === true || report.expansions.nested > 0 || before.length === 0 || before[0]!.input !== null || beyondHelp(report)) return null;
  const { start } = pipeline.span;
  const text = columnPair(stage, schema, report.text.slice(start, before.at(-1)!.stage.span.end), layerOf(trial));
  return text === null || !works(text, null, trial) ? null : { notes: ["columns of one table are groups where each is a table of its own; row by row they are pairs"], fix: { span: { start, end: stage.span.end }, text } };
}

/** What is there instead. */
function about({ input }: StageDefinition, from: Plan): string[] {
  const { schema } = from;
  if (from.op.op === "explain") return ["`explain` stands last: it explains what comes before it"];
  if (schema.kind !== "table" || !(input.includes("acts") || input.includes("features"))) return [`the input here is ${showType(schema)}`];
  return [wasRead(from) ? "what flows here are rows of a plain table, without the activations behind it" : "nothing has run the model yet"];
}
