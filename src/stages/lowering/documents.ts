/** Without this file each stage that runs the model would choose for itself which text the model reads. */
import type { Fix } from "../../../grammar/diagnostic.ts";
import { printColumn } from "../../../grammar/print_parts.ts";
import type { Plan } from "../../ops/op.ts";
import type { ColumnSchema, Schema } from "../../ops/schema.ts";
import { columnOf } from "../../ops/schema.ts";
import type { Lowering } from "../stage.ts";
import { membersOf, textsOf, withStages, writtenIn } from "./alike_groups.ts";
import { tellForeignChats } from "./foreign_chats.ts";
import { isRendered } from "./rendered.ts";
import { CONVERSATIONS, CONTINUATION_COLUMNS, PROMPT_COLUMNS, textColumns } from "./text_columns.ts";
import { templateWords } from "./chat_template.ts";

export const TOKEN_COLUMNS: readonly ColumnSchema[] = [
  { name: "row", type: "int" },
  { name: "position", type: "int" },
  { name: "token_id", type: "int" },
  { name: "token", type: "str" },
  { name: "special", type: "bool" },
];

/** Whether the model finds something to read. */
export function hasTexts({ kind, columns }: Schema): boolean {
  return kind !== "table" || textColumns(columns) !== null;
}

/** How a stage that reads one text speaks of it. */
export interface OneText {
  /** What it does with a text, as in "no text to go on with". */
  readonly does: string;
  /** What it says of a prompt and its continuation. */
  readonly takes: string;
  /** The stage as an example. */
  readonly written: string;
  /** What makes one text of the two. */
  readonly whole: string;
  /** Whether what it makes has a continuation that stages behind it may ask for. */
  readonly continued: boolean;
}

/** The line for rows whose one text is a conversation, which no model reads as the JSON that it is kept in; null for others. */
function asChat(context: Lowering, behind: string): { readonly help: string } | null {
  const conversation = context.input.schema.columns.find(({ name, type }) => type === "str" && CONVERSATIONS.includes(name));
  return conversation === undefined || context.given("of") ? null : { help: `… | chat${templateWords(context)} | ${behind}` };
}

/** The one column of texts that a stage reads: the one that its argument `of` names, or, where nothing is said, what the model reads, as long as that is one column. Null after a reported mistake, or where the input is not known. */
export function oneTextColumn(context: Lowering, of: string, { does, takes, written, whole, continued }: OneText): string | null {
  const { schema } = context.input;
  const names = schema.columns.map(({ name }) => name).join(", ") || "none";
  const [meant = schema.columns.find(({ type }) => type === "str")?.name] = textColumns(schema.columns) ?? [];
  const way = asChat(context, written) ?? (meant === undefined ? context.way(["table"]) : { help: `… | ${written} of ${printColumn(meant)}` });
  if (context.given("of")) {
    const found = columnOf(schema, of);
    if (found?.type === "str") return of;
    if (schema.known)
      context.report({
        code: found === undefined ? "unknown-column" : "wrong-type",
        message: found === undefined ? `no column \`${of}\` to take the texts from` : `\`${of}\` is ${found.type}, not text`,
        span: context.at("of"),
        notes: [`columns here: ${names}`],
        ...way,
      });
    return null;
  }
  const [first, second] = textColumns(schema.columns) ?? [];
  if (first !== undefined && second === undefined) {
    tellLeftOut(context, [first]);
    return first;
  }
  if (!schema.known) return null;
  if (first === undefined) {
    context.report({ code: "no-text", message: `this table has no text to ${does}`, notes: [`columns here: ${names}`], ...way });
    return null;
  }
  const ofContinuation = continued ? null : alone(context, second!);
  context.report({
    code: "missing-argument",
    message: `there is a prompt and a continuation here, and ${takes}`,
    notes: [`${whole}: … | text ${printColumn(first)} + ${printColumn(second!)} | ${written}`],
    ...(ofContinuation === null
      ? { label: "which one", fix: context.instead(`${context.written().trimEnd()} of ${printColumn(first)}`) }
      : { label: "the continuation is a text of its own then, read without its prompt", fix: ofContinuation }),
  });
  return null;
}

/** What choosing rows, looking at them and editing the model leave of groups: their columns. */
const SAME_COLUMNS: ReadonlySet<Plan["op"]["op"]> = new Set(["filter", "sort", "limit", "skip", "distinct", "sample", "assert", "edit", "tee", "save", "cache", "show", "label"]);

function groupsBehind(plan: Plan): Plan {
  let at = plan;
  while (SAME_COLUMNS.has(at.op.op) && at.inputs[0] !== undefined) at = at.inputs[0];
  return at;
}

/** Say where a group has more text than all groups have, which no model reads then: groups share the columns that all of them have. */
function tellLeftOut(context: Lowering, names: readonly string[]): void {
  for (const { name, plan } of membersOf(groupsBehind(context.input))) {
    const own = plan.schema.kind === "table" ? (textColumns(plan.schema.columns) ?? []) : [];
    const left = own.filter((each) => !names.includes(each));
    if (left.length === 0 || !names.every((each) => own.includes(each))) continue;
    context.report({
      severity: "warning",
      code: "text-left-out",
      message: `${left.map((each) => `\`${each}\``).join(", ")} of \`${name}\` is not read, since another group has no such column`,
      notes: ["groups share the columns that all of them have", `read is ${names.map((each) => `\`${each}\``).join(", ")} of each`],
    });
    return;
  }
}

/** The groups with their texts in one column: where they are made in this pipeline, there; else as a line of their own. */
function madeAlike(context: Lowering, apart: NonNullable<ReturnType<typeof textsOf>>): ReturnType<Lowering["way"]> {
  const [first] = apart.filter(({ stage }) => stage !== "");
  const groups = withStages(writtenIn(context.input.label), apart.map(({ stage }) => stage));
  const fix = context.insteadOf("groups", groups);
  return fix === null ? { help: `${groups} | ${context.written()}` } : { label: `\`${first!.stage}\` makes them alike`, fix };
}

/** The stage about the continuation, where a stage behind it asks for that part of a text: it is the whole text then. */
function alone(context: Lowering, column: string): Fix | null {
  return context.anew((behind) => {
    const whole = behind.replace(/ +of +continuation\b/, "").replace(/\bat +continuation\b/, "at all");
    return whole === behind ? null : `${context.written().trimEnd()} of ${printColumn(column)}${whole}`;
  });
}

/** What stands in the name of a column where a header was not cut into cells. */
const SEPARATORS: readonly string[] = [";", "\t", "|"];

/** The input as tokens: itself, or its documents tokenized for the model that is set. */
export function documentTokens(context: Lowering): Plan | null {
  const { input, settings } = context;
  if (input.schema.kind === "tokens") return input;
  const model = context.model();
  if (model === null) return null;
  const names = textColumns(input.schema.columns);
  if (names === null) {
    if (!input.schema.known) return null;
    const apart = textsOf(membersOf(input));
    if (apart !== null) {
      context.report({
        code: "no-text",
        message: "these groups keep their texts in different columns, and none that all have is read",
        notes: apart.map(({ name, columns }) => `\`${name}\`: ${columns.map(printColumn).join(", ")}`),
        ...madeAlike(context, apart),
      });
      return null;
    }
    const word = columnOf(input.schema, "text");
    const [only, ...others] = input.schema.columns;
    const separator = others.length > 0 ? undefined : SEPARATORS.find((each) => only?.name.includes(each) === true);
    const texts = input.schema.columns.filter((column) => column.type === "str").map(({ name }) => printColumn(name));
    context.report({
      code: "no-text",
      message: word === undefined ? "this table has no text for the model to read" : `\`text\` is ${word.type}, and the model reads text`,
      notes: [
        ...(separator === undefined ? [] : [`the header looks as if its cells were separated by ${JSON.stringify(separator)}`]),
        `columns here: ${input.schema.columns.map(({ name, type }) => `${name} (${type})`).join(", ") || "none"}`,
        `read are \`text\`, or ${PROMPT_COLUMNS.map((name) => `\`${name}\``).join("/")} followed by ${CONTINUATION_COLUMNS.map((name) => `\`${name}\``).join("/")}`,
      ],
      ...(separator !== undefined ? { help: `csv "…" sep ${JSON.stringify(separator)}` } : asChat(context, "acts layer 7") ?? (texts[0] === undefined ? context.way(["table", "tokens"]) : { help: `… | text ${texts[0]} | acts layer 7` })),
    });
    return null;
  }
  tellLeftOut(context, names);
  const rendered = isRendered(input, names);
  if (rendered) tellForeignChats(context, model, names);
  return context.node(
    { op: "tokenize", model: model.ref, bos: settings.bos ?? (!rendered && model.prependsBos), textColumns: names, whenTooLong: settings.long, ...(rendered ? { rendered } : {}) },
    [input],
    { ...input.schema, kind: "tokens", columns: TOKEN_COLUMNS },
  );
}
