/** Without this file a text that a chat template wrote would get a second beginning-of-text token, or one that the template leaves out. */
import type { Plan } from "../../ops/op.ts";
import { columnOf } from "../../ops/schema.ts";
import type { Lowering } from "../stage.ts";
import { chatColumns } from "./chat_columns.ts";

/** Whether there is an answer to be read by itself, where that is asked for; tells where a chat stands in one column. `stage`: as it would be written; `why`: who asks, where that is not the argument. */
export function hasAnswer(context: Lowering, { op }: Plan, of: string, argument: string, stage: string, why: readonly string[] = []): boolean {
  if (of !== "continuation" || op.op !== "tokenize" || op.rendered !== true || op.textColumns.length > 1) return true;
  const chat = chatBefore(context.input);
  const answered = chat !== null && chat.op.op === "chat" && (chat.op.conversation || chat.op.answer !== null);
  const fix = chat === null || !answered ? null : context.insteadOf("chat", chat.label.replace(/^chat\b/, "chat pair"));
  context.report({
    code: "no-answer",
    message: "these chats stand in one column each, and no answer stands apart in them",
    span: context.at(argument),
    notes: ["`chat` sets an answer apart that is given with `answer`, and the last one of conversations with `pair`; `generate` sets apart what it writes", ...why],
    ...(fix === null ? { help: `… | generate max 40 | ${stage}` } : { label: "`pair` sets the last answer apart", fix }),
  });
  return false;
}

function chatBefore(plan: Plan): Plan | null {
  let at: Plan | undefined = plan;
  while (at !== undefined && at.op.op !== "chat") [at] = at.inputs;
  return at ?? null;
}

/** Columns that a model makes of texts which it goes on with: the text, then what is written behind it. */
const WRITTEN: Readonly<Record<"generate" | "memorize", readonly string[]>> = { generate: ["input_text", "generated_continuation_text"], memorize: ["input_text", "generated_continuation_text", "true_continuation_text"] };

/** What wrote a column: the chats, each once; null where a part of it is no chat's. */
type Writers = readonly Plan[] | null;

const known = new WeakMap<Plan, Map<string, Writers>>();

/**
 * Whether all of these columns hold what a chat template wrote, as it wrote it: rows may be chosen, sorted, sampled and put beside others, and columns renamed;
 * a text that an expression makes, or a file holds, is like any other. `group`: of groups that have names, one.
 */
export function isRendered(plan: Plan, columns: readonly string[], group: number | null = null): boolean {
  return columns.length > 0 && columns.every((column) => from(plan, column, group) !== null);
}

/** The chats that wrote these columns, where they are as a chat template wrote them; [] where not. */
export function writersOf(plan: Plan, columns: readonly string[]): readonly Plan[] {
  return together(columns.map((column) => from(plan, column, null))) ?? [];
}

/** The chats that a column holds whole: what a model has written behind one is no chat. [] where it holds none, or others too. */
export function chatsIn(plan: Plan, column: string): readonly Plan[] {
  return from(plan, column, null, true) ?? [];
}

/** Of groups some of which are rendered and some not: which; null where they are alike. */
export function renderedGroups(plan: Plan, columns: readonly string[]): readonly boolean[] | null {
  const groups = plan.schema.groups ?? [];
  const made = groups.map((_, at) => isRendered(plan, columns, at));
  return made.includes(true) && made.includes(false) ? made : null;
}

/** `whole`: columns that hold only what was written behind a chat are none of it. */
function from(plan: Plan, column: string, group: number | null, whole = false): Writers {
  const places = known.get(plan) ?? new Map<string, Writers>();
  known.set(plan, places);
  const place = `${whole} ${group} ${column}`;
  const before = places.get(place);
  if (before !== undefined) return before;
  const found = look(plan, column, group, whole);
  places.set(place, found);
  return found;
}

/** What wrote all of several texts; null where one of them is no chat's, and where there are none. */
function together(each: readonly Writers[]): Writers {
  return each.length === 0 || each.includes(null) ? null : [...new Set(each.flatMap((writers) => writers ?? []))];
}

function look(plan: Plan, column: string, group: number | null, whole: boolean): Writers {
  const { op, inputs } = plan;
  const [first] = inputs;
  const through = (name: string): Writers => (first === undefined ? null : from(first, name, group, whole));
  switch (op.op) {
    case "chat":
      return chatColumns(op.pair).names.includes(column) ? [plan] : through(column);
    case "project": {
      const value = op.columns.find(({ name }) => name === column)?.value;
      return value?.op === "column" ? through(value.name) : null;
    }
    case "filter":
    case "sort":
    case "limit":
    case "skip":
    case "distinct":
    case "sample":
    case "assert":
    case "edit":
    case "tee":
    case "save":
    case "cache":
    case "show":
    case "group_by":
    case "ungroup":
      return through(column);
    case "label":
      return column === op.as ? null : through(column);
    case "join":
      return first !== undefined && columnOf(first.schema, column) !== undefined ? through(column) : null;
    case "group":
      return group === null ? together(inputs.map((input) => from(input, column, null, whole))) : inputs[group] === undefined ? null : from(inputs[group], column, null, whole);
    case "split":
      return first === undefined ? null : from(first, column, null, whole);
    case "member":
      return first === undefined ? null : from(first, column, op.index, whole);
    case "concat":
      return together(inputs.map((input) => from(input, column, group, whole)));
    // What a model goes on with it reads as it is, and what it writes stands behind that.
    case "generate":
    case "memorize":
      if (!WRITTEN[op.op].includes(column)) return through(column);
      return whole && column !== WRITTEN[op.op][0] ? null : through(op.textColumn);
    // What these make is no row of a chat, or no text as the template wrote it.
    case "read":
    case "literal":
    case "aggregate":
    case "tokenize":
    case "chunk":
    case "forward":
    case "pick":
    case "encode":
    case "decode":
    case "similar":
    case "promotes":
    case "fidelity":
    case "logits":
    case "rank":
    case "statistics":
    case "histogram":
    case "contexts":
    case "rows":
    case "plot":
    case "overlap":
    case "union":
    case "compare":
    case "compare_columns":
    case "count":
    case "describe":
    case "explain":
      return null;
    default:
      return op satisfies never;
  }
}
