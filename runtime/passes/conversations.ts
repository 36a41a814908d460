/** Without this file a row would be text: nobody would know who says what in it. */
import { parseJson } from "../checkpoint/chat/json_text.ts";
import { isDict, isList, type Key, type Value } from "../checkpoint/chat/values.ts";

/** A message as templates read it: `role`, `content`, and what else stands in it. */
export type Message = ReadonlyMap<Key, Value>;

/** How `chat` is written otherwise: without an argument, or with another one. */
export type Change = { readonly without: string } | { readonly argument: string; readonly text: string };

/** What is wrong with a conversation, why, and the way out, where a line knows one. */
export class ConversationError extends Error {
  readonly note: string;
  readonly change: Change | null;
  constructor(message: string, note: string, change: Change | null = null) {
    super(message);
    this.note = note;
    this.change = change;
  }
}

const FORM = 'a conversation is JSON: [{"role": "user", "content": "…"}]';
const MESSAGE = 'a message is {"role": "user", "content": "…"}';
const AS_TEXT: Change = { argument: "as", text: "as text" };

export interface Conversation {
  readonly messages: readonly Message[];
  /** Whether it was written as ShareGPT writes: `from` and `value`. */
  readonly shared: boolean;
}

export function message(role: string, content: string): Message {
  return new Map<Key, Value>([["role", role], ["content", content]]);
}

/** A text that looks like what `conversation` holds. */
export function looksLikeConversation(text: string): boolean {
  return /^\s*\[\s*\{\s*["'](?:role|from|content|value)["']\s*:/.test(text);
}

const JSON_IN_PANDAS = 'in pandas: df["messages"] = df["messages"].map(json.dumps)';

/** The messages that JSON text lists, without what is null in them, as transformers hands them on. @throws ConversationError */
export function conversationIn(text: string): Conversation {
  const list = listIn(text);
  if (list.length === 0) throw new ConversationError("is a conversation without messages", "a template needs one at least");
  const shared = list.every((each) => isDict(each) && each.has("from") && each.has("value") && !each.has("role"));
  return { shared, messages: list.map((each, at) => messageIn(each, at, shared)) };
}

function listIn(text: string): readonly Value[] {
  let value: Value;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (/^\s*\[\s*\{\s*'/.test(text)) throw new ConversationError("holds a list as Python prints it, and JSON has double quotes", JSON_IN_PANDAS);
    throw new ConversationError(`is no conversation: ${error.message}`, FORM, /^\s*[[{]/.test(text) ? null : AS_TEXT);
  }
  // As `{"messages": [...]}`, or one message alone.
  if (isDict(value) && isList(value.get("messages") ?? null)) return value.get("messages") as readonly Value[];
  if (!isList(value)) throw new ConversationError("is no list of messages", FORM);
  return value;
}

/** Roles of ShareGPT by those of chat templates. */
const SHARED_ROLES: Readonly<Record<string, string>> = { human: "user", user: "user", gpt: "assistant", chatgpt: "assistant", bing: "assistant", bard: "assistant", model: "assistant", assistant: "assistant", system: "system", tool: "tool", observation: "tool" };

function messageIn(value: Value, at: number, shared: boolean): Message {
  const where = `message ${at + 1}`;
  if (!isDict(value)) throw new ConversationError(`has no object as ${where}`, MESSAGE);
  if (shared) {
    const role = SHARED_ROLES[String(value.get("from")).toLowerCase()];
    if (role === undefined) throw new ConversationError(`has ${where} from ${JSON.stringify(String(value.get("from")))}, which is nobody that chat templates know`, MESSAGE);
    return message(role, textIn(value.get("value"), where));
  }
  if (typeof value.get("role") !== "string") throw new ConversationError(`has ${where} without a \`role\``, `its keys are ${[...value.keys()].join(", ") || "none"}; ${MESSAGE}`);
  return withReasoning(new Map([...value].filter(([, each]) => each !== null)));
}

function textIn(value: Value | undefined, where: string): string {
  if (typeof value === "string") return value;
  throw new ConversationError(`has no text in ${where}`, MESSAGE);
}

const REASONING = ["reasoning_content", "thinking", "reasoning"] as const;

/** Templates read reasoning under one of two names, and transformers gives it under both (`_alias_reasoning_fields`). */
function withReasoning(given: Message): Message {
  const found = REASONING.map((key) => given.get(key)).find((value) => value !== undefined);
  return found === undefined ? given : new Map<Key, Value>([["thinking", found], ...given, ["reasoning_content", found]]);
}
