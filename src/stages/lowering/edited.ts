/** Without this file each stage that reads the model, or puts tables together, would have its own idea of how edits travel with a table. */
import type { Fix } from "../../../grammar/diagnostic.ts";
import { ofPrompt, printEdit, printEdits, reaches, type Edit } from "../../ops/edit.ts";
import type { Plan } from "../../ops/op.ts";
import type { Schema } from "../../ops/schema.ts";
import type { Lowering, ModelFacts } from "../stage.ts";
import { hasAnswer, renderedGroups } from "./rendered.ts";
import { textColumns } from "./text_columns.ts";

const NONE: readonly Edit[] = [];

/** What is done to the model that reads a table, or one group. */
export function editsIn({ edits = NONE }: Schema): readonly Edit[] {
  return edits;
}

/** The same as a part of an op: nothing where there is none, so that its key is that of the model as it is. */
export function editsOf(schema: Schema): { readonly edits?: readonly Edit[] } {
  return schema.edits === undefined || schema.edits.length === 0 ? {} : { edits: schema.edits };
}

/** What is known of the values of a pass: the edits are in them, and no more to come. */
export function spent({ edits: _, groupEdits: __, ...schema }: Schema): Schema {
  return schema;
}

/** A schema with these edits, one list or one for each group. */
export function withEdits(schema: Schema, edits: readonly (readonly Edit[])[]): Schema {
  const [first = NONE, ...others] = edits;
  const bare = spent(schema);
  if (others.every((other) => same(first, other))) return first.length === 0 ? bare : { ...bare, edits: first };
  return { ...bare, groupEdits: edits };
}

/** Edits of a table in one list, of groups in one for each where they have names. */
export function editLists({ edits = NONE, groupEdits, groups }: Schema): readonly (readonly Edit[])[] {
  return groupEdits ?? (groups === null || groups.length === 0 ? [edits] : groups.map(() => edits));
}

function same(a: readonly Edit[], b: readonly Edit[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Each of the groups by itself where the model is edited in another way for each, or some of them are in a chat template and some are not; null where one pass will do. */
function apart({ input }: Lowering): readonly Plan[] | null {
  const { schema } = input;
  if (schema.groupEdits === undefined && (schema.keys !== undefined || renderedGroups(input, textColumns(schema.columns) ?? []) === null)) return null;
  return editLists(schema).map((edits, index) => {
    const own = withEdits({ ...schema, groups: null }, [edits]);
    return input.op.op === "group" ? { ...input.inputs[index]!, schema: own } : { op: { op: "member", index }, inputs: [input], schema: own, at: input.at, label: input.label };
  });
}

/** A stage that reads the model, once for each group where groups are read in several ways. Null after a reported mistake. */
export function eachEdited(context: Lowering, lower: (own: Lowering) => Plan | null): Plan | null {
  const members = apart(context);
  if (members === null) return lower(context);
  const made: Plan[] = [];
  for (const input of members) {
    const plan = lower(on(context, input));
    if (plan === null) return null;
    made.push(plan);
  }
  return together(context, context.input.schema.groups ?? [], made);
}

/** The same stage, seen as if `input` were piped into it. */
export function on(context: Lowering, input: Plan): Lowering {
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(context), input: { value: input }, hasInput: { value: true } }) as Lowering;
}

/** Plans of one shape as named groups. */
export function together(context: Lowering, names: readonly string[], members: readonly Plan[]): Plan {
  return context.node({ op: "group", names }, members, withEdits({ ...members[0]!.schema, groups: names }, members.map(({ schema }) => editsIn(schema))));
}

/** Whether rows of several tables can stand in one: the model that reads it is edited in one way. Tells where it is not. `what`: what the stage puts together. */
export function agree(context: Lowering, what: string, argument: string | null, lists: readonly (readonly Edit[])[]): boolean {
  const first = lists[0] ?? NONE;
  const other = lists.find((each) => !same(each, first));
  if (other === undefined) return true;
  const words = (edits: readonly Edit[]): string => (edits.length === 0 ? "none" : printEdits(edits));
  context.report({
    code: "unlike-edits",
    message: `the model is edited in another way for each of ${what}, and one table is read by one model`,
    ...(argument === null ? {} : { span: context.at(argument) }),
    notes: [`edits of one: ${words(first)}`, `of another: ${words(other)}`],
    help: "groups plain = (sample perfect 5), ablated = (sample perfect 5 | ablate feature 769) | acts layer 7 | top 10",
  });
  return false;
}

/** Whether the part of a text is known that is edited, as `hasAnswer` says of what is read. `tokens`: what the stage reads. */
export function findTheirPart(context: Lowering, tokens: Plan): boolean {
  return editsIn(tokens.schema).every((edit) => hasAnswer(context, tokens, edit.window?.of ?? "all", "of", context.written().trimEnd(), [`asked for by \`${printEdit(edit)}\``]));
}

/** The input of a stage that lets the model write, the places of its edits as they are known then: the end of what is written is not. Null after a reported mistake. */
export function whileWriting(context: Lowering): Schema | null {
  const { schema } = context.input;
  const late = editsIn(schema).find(({ window }) => window?.of === "continuation" && window.last !== null);
  if (late === undefined) return withEdits(schema, [editsIn(schema).map(ofPrompt)]);
  const { last, ...window } = late.window!;
  const fix = withoutLast(context, late);
  context.report({
    code: "wrong-argument",
    message: `\`${printEdit(late)}\` edits the last ${last} of the tokens that the model writes, and which these are is known when it has written them`,
    notes: ["`first` counts them as they come, and without a number all of them are edited"],
    ...(fix === null ? { help: `… | ${printEdit({ ...late, window: { ...window, last: null } })} | ${context.written().trimEnd()}` } : { label: `without \`last ${last}\` all of them are edited`, fix }),
  });
  return null;
}

/** The stage of an edit without its `last`; null where it is not the last of its name before this one. */
function withoutLast(context: Lowering, edit: Edit): Fix | null {
  const nameOf = ({ label }: Plan): string => /^\w*/.exec(label)![0];
  const edits: Plan[] = [];
  for (let at: Plan | undefined = context.input; at !== undefined; at = at.inputs[0]) if (at.op.op === "edit") edits.push(at);
  const found = edits.find(({ op }) => op.op === "edit" && op.edits.some((each) => same([each], [edit])));
  if (found === undefined || edits.find((each) => nameOf(each) === nameOf(found)) !== found) return null;
  return context.insteadOf(nameOf(found), found.label.replace(/\blast\s+\S+\s*/, "").trimEnd());
}

/** Say which edits change nothing that a pass reads. */
export function tellUnread(context: Lowering, model: ModelFacts, edits: readonly Edit[], places: readonly Pick<Edit, "layer" | "hook">[]): void {
  const parallel = model.hooks.resid_mid.state === "absent";
  const lost = edits.filter((edit) => !places.some((place) => reaches(edit, place, parallel)));
  if (lost.length === 0) return;
  const deepest = places.map(({ layer, hook }) => `layer ${layer} ${hook}`);
  context.report({
    severity: "warning",
    code: "unread-edit",
    message: `what is read at ${deepest.join(", ")} does not depend on: ${printEdits(lost)}`,
    notes: ["the model comes by it only afterwards, so what is read is that of the model as it is"],
    help: `… | acts layer ${lost[0]!.layer}`,
  });
}
