/** Without this file nobody could tell the tokens of an answer from those of the template around it. */
import { TemplateError } from "../checkpoint/chat/template_error.ts";
import { strip } from "../checkpoint/chat/text_methods.ts";
import { isDict, isList, type Key, type Value } from "../checkpoint/chat/values.ts";
import { ConversationError, type Message } from "./conversations.ts";
import type { Render } from "./chatting.ts";

/** What transformers marks the end of the last message with (`continue_final_message`). */
const MARK = "CONTINUE_FINAL_MESSAGE_TAG ";

/** The messages with another content of the last; the last text of it, where it is a list of parts. Null where it has none. */
function rewritten(messages: readonly Message[], rewrite: (text: string) => string): readonly Message[] | null {
  const last = messages.at(-1)!;
  const content = last.get("content");
  const changed = (value: Value): readonly Message[] => [...messages.slice(0, -1), new Map<Key, Value>([...last, ["content", value]])];
  if (typeof content === "string") return changed(rewrite(content));
  if (content === undefined || !isList(content)) return null;
  const at = content.findLastIndex((part) => isDict(part) && typeof part.get("text") === "string");
  return at < 0 ? null : changed(content.map((part, i) => (i === at ? new Map<Key, Value>([...(part as Message), ["text", rewrite((part as Message).get("text") as string)]]) : part)));
}

/** A conversation up to the end of its last message, without what the template writes behind it. @throws ConversationError where the template writes another text */
export function withoutEnd(messages: readonly Message[], render: Render): string {
  let own = "";
  const marked = rewritten(messages, (text) => {
    own = text;
    return text + MARK;
  });
  const whole = marked === null ? "" : render(marked, false);
  const at = whole.lastIndexOf(MARK.trim());
  if (marked === null || at < 0 || !whole.includes(strip(own, null, "both"))) throw new ConversationError("has a last message that the template does not write as it is, so it cannot be left open", "what a template changes of a message is no place to go on from", { without: "ending" });
  const text = whole.slice(0, at);
  return whole.startsWith(MARK, at) ? text : strip(text, null, "right");
}

/**
 * Prompt and answer of a rendered conversation: the prompt is what the template writes of the messages before with its generation prompt, as far as the whole
 * begins so (as `apply_chat_template` of TRL has it; DeepSeek R1's opens a thought that a known answer does not have), and never a character of the answer.
 */
export function splitAtAnswer(messages: readonly Message[], whole: string, render: Render, open: boolean): readonly [string, string] {
  const prompt = promptOf(messages, render);
  let at = prompt === null ? whole.length : sharedStart(whole, prompt);
  if (prompt === null || at < prompt.length) {
    const other = rewritten(messages, (text) => `${strip(text, null, "both").startsWith("x") ? "y" : "x"}${text}`);
    if (other !== null) at = Math.min(at, sharedStart(whole, open ? withoutEnd(other, render) : render(other, false)));
  }
  return [whole.slice(0, at), whole.slice(at)];
}

/** Null where the template takes no conversation without the answer. */
function promptOf(messages: readonly Message[], render: Render): string | null {
  if (messages.length === 1) return null;
  try {
    return render(messages.slice(0, -1), true);
  } catch (error) {
    if (error instanceof TemplateError && error.kind !== "endless") return null;
    throw error;
  }
}

/** Length of the start that two texts share, in whole characters. */
function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at > 0 && at < a.length && /[\ud800-\udbff]/.test(a[at - 1]!) ? at - 1 : at;
}
