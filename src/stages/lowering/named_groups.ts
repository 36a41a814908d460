/** Without this file each stage that makes columns of groups would refuse in its own words groups that cannot become columns. */
import { parse } from "../../../grammar/parse.ts";
import { printColumn } from "../../../grammar/print_parts.ts";
import type { Plan } from "../../ops/op.ts";
import { showGroups, type ColumnSchema } from "../../ops/schema.ts";
import type { Lowering } from "../stage.ts";
import { knownValues } from "./known_values.ts";

/** The names of the input's groups, which become columns beside the columns `beside`; null after saying why they cannot. */
export function groupNames(context: Lowering, stage: string, beside: readonly string[]): readonly string[] | null {
  const { schema } = context.input;
  const names = schema.groups ?? [];
  if (schema.keys !== undefined) {
    const key = schema.keys[0]!.name;
    const parts = schema.keys.length === 1 ? partsOf(context, schema.keys[0]!) : null;
    const fix = parts === null ? null : context.insteadOf("group", `split ${parts}`);
    context.report({
      code: "unnamed-groups",
      message: `\`${stage}\` makes a column of each group, and what these groups are called is known only when it runs`,
      notes: [`the groups are ${showGroups(schema)}`, ...(parts === null ? [] : [`\`split\` names groups: it stands where \`group ${printColumn(key)}\` does`])],
      ...(fix === null ? { help: `… | split ${parts ?? `a = ${printColumn(key)} == …, b = ${printColumn(key)} == …`} | ${context.input.schema.kind === "table" ? "" : "acts layer 7 | "}${context.input.schema.kind === "features" ? "top 10 | " : ""}${context.input.schema.kind === "table" ? "compare <column>" : stage}` } : { fix }),
    });
    return null;
  }
  const taken = names.find((name) => beside.includes(name));
  if (taken !== undefined) {
    context.report({ code: "name-taken", message: `a group named \`${taken}\` would hide the column of that name` });
    return null;
  }
  return names;
}

/** Two groups of one column, as `split` takes them, where its values are known; null where they are not. */
function partsOf(context: Lowering, { name, type }: ColumnSchema): string | null {
  const column = printColumn(name);
  if (type === "bool") return `${column} = ${column}, ${printColumn(`not_${name}`)} = not ${column}`;
  const [a, b] = knownValues(context, name);
  return a === undefined || b === undefined || a === "" || b === "" ? null : [a, b].map((value) => `${printColumn(value)} = ${column} == ${JSON.stringify(value)}`).join(", ");
}

/** The same for stages that set one group against another: two names, or null. */
export function twoGroups(context: Lowering, stage: string, beside: readonly string[]): readonly [string, string] | null {
  const names = groupNames(context, stage, beside);
  if (names === null) return null;
  const [a, b, ...more] = names;
  if (a !== undefined && b !== undefined && more.length === 0) return [a, b];
  context.report({
    code: "not-two-groups",
    message: `\`${stage}\` sets one group against another, and here ${names.length === 1 ? "is 1" : `are ${names.length}`}`,
    notes: [`the groups are ${names.join(", ")}`],
    ...(inTwo(context) ?? { help: `groups a = (sample perfect 20), b = (sample non_perfect 20) | ${context.input.schema.kind === "table" ? "logits at continuation | compare surprisal" : `acts layer 7${context.input.schema.kind === "features" ? " | top 10" : ""} | ${stage}`}` }),
  });
  return null;
}

/** The stage that made the groups with two of them: the first two, or the only one and one that stands for what it is set against. Null where that does not work. */
function inTwo(context: Lowering): ReturnType<Lowering["way"]> | null {
  let made: Plan | undefined = context.input;
  while (made !== undefined && made.op.op !== "group" && made.op.op !== "split") [made] = made.inputs;
  const statement = made === undefined ? undefined : parse(made.label).script.statements[0];
  const name = made?.op.op === "split" ? "split" : "groups";
  const words = statement?.kind === "pipelineStatement" ? statement.pipeline.stages[0]?.args.slice(1).flatMap(({ items }) => items) : undefined;
  const [first, second] = words ?? [];
  if (made === undefined || first === undefined) return null;
  const written = (...items: readonly string[]): ReturnType<Lowering["insteadOf"]> => context.insteadOf(name, `${name} ${items.join(", ")}`);
  const [a, b] = [first, second].map((item) => (item === undefined ? "" : made.label.slice(item.span.start, item.span.end)));
  const fix = second !== undefined ? written(a!, b!) : name === "split" ? written(a!, `others = not (${made.label.slice(first.value.span.start, first.value.span.end)})`) : written(a!, "others = (sample non_perfect 10)");
  return fix === null ? null : { label: second !== undefined ? "two of them" : name === "split" ? "set against all others" : "`others` stands for what it is set against", fix };
}

/** `layer` and `feature`, or `feature` alone where there is one layer. */
export function featureColumns(context: Lowering): readonly { readonly name: string; readonly type: "int" }[] {
  const layered = (context.input.schema.layers?.length ?? 1) > 1;
  return [...(layered ? [{ name: "layer", type: "int" } as const] : []), { name: "feature", type: "int" }];
}
