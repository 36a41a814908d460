/** Without this file an instruct model would read questions as no chat ever brought them to it. */
import type { Chat, Op } from "../../src/ops/op.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import { chatColumns } from "../../src/stages/lowering/chat_columns.ts";
import { readTemplate, type Template } from "../checkpoint/chat/template.ts";
import { TemplateError } from "../checkpoint/chat/template_error.ts";
import { dayShown } from "../checkpoint/chat/dates.ts";
import { Float, isDict, isList, type Key, type Value } from "../checkpoint/chat/values.ts";
import { counted } from "../counted.ts";
import { DataError } from "../data/error.ts";
import { evaluateInTurns } from "../data/evaluate_in_turns.ts";
import type { Column, Table } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";
import type { Turns } from "../turns.ts";
import { instead, without } from "./chat_words.ts";
import { conversationIn, ConversationError, looksLikeConversation, message, type Change, type Message } from "./conversations.ts";
import { splitAtAnswer, withoutEnd } from "./chat_parts.ts";

type ChatOp = Op & { readonly op: "chat" };

/** The stage as it is written, and the template of a file where it is not the model's own. */
export interface ChatText {
  readonly label: string;
  readonly file: string | null;
}

/** What a template gave for some messages. */
export type Render = (messages: readonly Message[], prompted: boolean) => string;

/** What was read on the way that is told once. */
interface Told {
  dated: boolean;
  shared: number;
}

/**
 * Each row of a table put into a chat template, in the column `text`, or in `prompt` and `continuation`.
 * @throws DataError `missing-text`, `bad-conversation`, `chat-refused`, `bad-chat-template` with the row
 */
export async function renderChats(op: ChatOp, table: Table, { label, file }: ChatText, turns: Turns, onNotice: (text: string) => void): Promise<Table> {
  const template = await templateOf(op, file);
  const values = async (scalar: Scalar | null): Promise<Column | null> => (scalar === null ? null : evaluateInTurns(scalar, table, turns));
  const [system, answer] = [await values(op.system), await values(op.answer)];
  const variables: { readonly name: string; readonly column: Column }[] = [];
  for (const { name, value } of op.variables) variables.push({ name, column: (await values(value))! });
  const told: Told = { dated: false, shared: 0 };
  const made: (readonly string[])[] = [];
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const own = new Map<string, Value>([...Object.entries(op.tokens), ...(op.date === null ? [] : [["date_string", dayShown(op.date)] as const]), ...variables.map(({ name, column }) => [name, valueAt(column, row)] as const)]);
    made.push(placed(op, label, table, row, () => rowOf(op, table, row, { template, variables: own, system: textAt(system, row), answer: answer === null ? undefined : textAt(answer, row), told })));
  }
  if (told.dated && op.date === null) onNotice('the template prints today\'s date, and it is 26 Jul 2024 here on every day, so that a script gives the same tomorrow; date "…" gives another');
  if (told.shared > 0) onNotice(`${told.shared} of ${counted(table.rows, "conversation")} ${told.shared === 1 ? "is" : "are"} written as ShareGPT writes: human is read as user, gpt as assistant`);
  const { names, dropped } = chatColumns(op.pair);
  return { kind: "table", rows: table.rows, origin: table.origin, columns: [...table.columns.filter(({ name }) => !dropped.includes(name)), ...names.map((name, at) => createColumn(name, "str", made.map((texts) => texts[at]!)))] };
}

/** What it reads was held against what it is given when it was checked. */
async function templateOf(op: Chat, file: string | null): Promise<Template> {
  return readTemplate(op.template?.text ?? file ?? "").catch((error: unknown) => {
    throw error instanceof TemplateError ? new DataError({ code: "bad-chat-template", message: `${what(op)} cannot be done: ${error.message}`, ...mend(op) }) : error;
  });
}

function what({ template, model }: Chat): string {
  return template === null ? "the chat template of that file" : `the chat template of ${model.name}`;
}

function mend({ template }: Chat): { readonly notes: readonly string[] } {
  return { notes: [template === null ? "the file is to be mended" : '`template "my.jinja"` takes a file of your own'] };
}

/** Mistakes of a row say which it is. */
function placed<T>(op: Chat, label: string, table: Table, row: number, work: () => T): T {
  const at = { row: row + 1, column: op.of, notes: [`row ${row + 1} of ${table.origin}`] };
  try {
    return work();
  } catch (error) {
    if (error instanceof ConversationError) throw new DataError({ ...at, code: "bad-conversation", message: `\`${op.of}\` of row ${row + 1} ${error.message}`, notes: [...at.notes, error.note], ...changed(label, error.change) });
    if (!(error instanceof TemplateError)) throw error;
    if (error.kind === "raised") throw new DataError({ ...at, code: "chat-refused", message: `${what(op)} refuses row ${row + 1}: ${error.message}`, notes: [...at.notes, "that is the template's own message"], ...(/system/i.test(error.message) && op.system !== null ? { help: without(label, "system") } : {}) });
    const why = error.kind === "unsupported" ? `it needs ${error.message}, which is not known here` : error.message;
    throw new DataError({ ...at, code: "bad-chat-template", message: `${what(op)} cannot be done for row ${row + 1}: ${why}`, notes: [...at.notes, ...mend(op).notes] });
  }
}

function changed(label: string, change: Change | null): { readonly help?: string } {
  if (change === null) return {};
  return { help: "without" in change ? without(label, change.without) : instead(label, change.argument, change.text) };
}

interface RowParts {
  readonly template: Template;
  readonly variables: ReadonlyMap<string, Value>;
  readonly system: string | null;
  /** undefined: none is asked for; null: it is missing. */
  readonly answer: string | null | undefined;
  readonly told: Told;
}

/** The text of a row, or prompt and answer. */
function rowOf(op: ChatOp, table: Table, row: number, { template, variables, system, answer, told }: RowParts): readonly string[] {
  const messages = [...messagesOf(op, table, row, told)];
  if (system !== null) {
    if (messages[0]?.get("role") === "system") throw new ConversationError("begins with a system message, and `system` gives another", "one system message stands in front", { without: "system" });
    messages.unshift(message("system", system));
  }
  if (answer === null) throw new DataError({ code: "missing-text", message: `row ${row + 1} has no answer`, row: row + 1, help: `… | where not is_null(…) | chat of ${op.of} answer …` });
  if (answer !== undefined) {
    if (messages.at(-1)?.get("role") === "assistant") throw new ConversationError("ends with an answer, and `answer` gives another", "a conversation that ends with an answer has it", { without: "answer" });
    messages.push(message("assistant", answer));
  }
  const characters = messages.reduce((sum, each) => sum + sizeOf(each), 0);
  const render: Render = (given, prompted) => {
    const { text, dated } = template.render(new Map<string, Value>([["tools", null], ["documents", null], ...variables, ["messages", given], ["add_generation_prompt", prompted]]), { today: op.date, characters });
    if (dated) told.dated = true;
    return text;
  };
  const answered = messages.at(-1)?.get("role") === "assistant";
  const ending = op.ending ?? (answered ? "closed" : "prompt");
  if ((ending === "open" || op.pair) && !answered) throw new ConversationError(`ends with a message of ${JSON.stringify(String(messages.at(-1)?.get("role")))}, and ${op.pair ? "`pair`" : "`ending open`"} is for answers of the assistant`, "rows that end with a question are put into the template by themselves", { without: op.pair ? "pair" : "ending" });
  const whole = ending === "open" ? withoutEnd(messages, render) : render(messages, ending === "prompt");
  return op.pair ? splitAtAnswer(messages, whole, render, ending === "open") : [whole];
}

function messagesOf({ of, conversation }: Chat, table: Table, row: number, told: Told): readonly Message[] {
  const text = textAt(table.columns.find(({ name }) => name === of) ?? null, row);
  if (text === null) throw new DataError({ code: "missing-text", message: `row ${row + 1} has no \`${of}\``, help: `… | where not is_null(${of}) | …`, row: row + 1, column: of });
  if (conversation) {
    const { messages, shared } = conversationIn(text);
    if (shared) told.shared++;
    return messages;
  }
  if (looksLikeConversation(text)) throw new ConversationError("looks like a whole conversation, and would be one message of the user", "a conversation is read message by message", { argument: "as", text: "as conversation" });
  return [message("user", text)];
}

function textAt(column: Column | null, row: number): string | null {
  const value = column === null ? null : valueAt(column, row);
  return typeof value === "string" ? value : null;
}

function valueAt({ type, values, valid }: Column, row: number): Value {
  if (valid !== null && valid[row] === 0) return null;
  const value = values[row]!;
  return type === "float" ? new Float(value as number) : type === "bool" ? value === 1 : value;
}

/** Characters of all texts in a value. */
function sizeOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (isList(value)) return value.reduce<number>((sum, each) => sum + sizeOf(each), 1);
  return isDict(value) ? [...value].reduce((sum, [key, each]: readonly [Key, Value]) => sum + String(key).length + sizeOf(each), 1) : 1;
}
