/** Without this file groups that keep their texts in different columns would be refused, and nobody would be shown how they become alike. */
import { parse } from "../../../grammar/parse.ts";
import { printColumn } from "../../../grammar/print_parts.ts";
import type { Plan } from "../../ops/op.ts";
import type { NamedPlan } from "../args.ts";
import { hasTexts } from "./documents.ts";
import { textColumns } from "./text_columns.ts";

/** Where each group keeps its texts, and the stage that makes one column `text` of them ("" where they are in one already). Null where some have none, or all have them alike. */
export function textsOf(members: readonly NamedPlan[]): readonly { readonly name: string; readonly columns: readonly string[]; readonly stage: string }[] | null {
  const found = members.map(({ name, plan }) => ({ name, columns: plan.schema.kind === "table" ? textColumns(plan.schema.columns) : null }));
  if (found.length < 2 || found.some(({ columns }) => columns === null) || found.every(({ columns }) => columns!.join() === found[0]!.columns!.join())) return null;
  return found.map(({ name, columns }) => ({ name, columns: columns!, stage: columns!.join() === "text" ? "" : `text ${columns!.map(printColumn).join(" + ")}` }));
}

/** What stands behind the rows of one group and is missing behind the others, which the model can read: `acts layer 7`. "" where nothing is; null where no one stage makes them alike. */
export function missingStages(members: readonly NamedPlan[]): readonly string[] | null {
  const made = members.find(({ plan }) => plan.schema.kind !== "table")?.plan;
  if (made === undefined || made.inputs[0]?.schema.kind === "acts") return null;
  const stages = members.map(({ plan }) => (plan.schema.kind === made.schema.kind ? "" : hasTexts(plan.schema) && plan.schema.kind === "table" ? made.label : null));
  return stages.includes(null) ? null : (stages as readonly string[]);
}

/** The groups as they are written, each with a stage more behind it. */
export function withStages(written: readonly string[], stages: readonly string[]): string {
  return `groups ${written.map((each, at) => behind(each, stages[at]!)).join(", ")}`;
}

function behind(written: string, stage: string): string {
  if (stage === "") return written;
  const whole = /^([^=]*=\s*)\((.*)\)\s*$/s.exec(written);
  if (whole !== null) return `${whole[1]}(${whole[2]!.trimEnd()} | ${stage})`;
  const [, name = "", value = ""] = /^([^=]*=\s*)(.*)$/s.exec(written) ?? [];
  return `${name}(${value.trimEnd()} | ${stage})`;
}

/** The members of `groups a = …, b = …`, as they are written there. */
export function writtenIn(label: string): readonly string[] {
  const [statement] = parse(label).script.statements;
  const words = statement?.kind === "pipelineStatement" ? statement.pipeline.stages[0]?.args.slice(1) : undefined;
  return (words ?? []).flatMap(({ items }) => items.map(({ span }) => label.slice(span.start, span.end)));
}

/** The members of groups that a plan is, with what they were before the groups took their common columns. */
export function membersOf({ op, inputs }: Plan): readonly NamedPlan[] {
  return op.op !== "group" ? [] : op.names.map((name, at) => ({ name, plan: inputs[at]!.op.op === "project" && inputs[at]!.label.startsWith("groups ") ? inputs[at]!.inputs[0]! : inputs[at]! }));
}
