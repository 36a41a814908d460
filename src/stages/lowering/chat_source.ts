/** Without this file `chat` would have to be told its column each time, or guess between two. */
import { printColumn } from "../../../grammar/print_parts.ts";
import { columnOf } from "../../ops/schema.ts";
import type { Lowering } from "../stage.ts";
import { chatsIn, isRendered } from "./rendered.ts";
import { templateWords } from "./chat_template.ts";
import { CONVERSATIONS, textColumns } from "./text_columns.ts";

/** Which column is put into the template, and whether its cells are conversations; null after a reported mistake. `of`, `as`: null where not given. */
export function chatSource(context: Lowering, of: string | null, as: "text" | "conversation" | null): { readonly of: string; readonly conversation: boolean } | null {
  const { schema } = context.input;
  const columns = [`columns here: ${schema.columns.map(({ name }) => printColumn(name)).join(", ") || "none"}`];
  const source = (name: string): { readonly of: string; readonly conversation: boolean } => ({ of: name, conversation: as === null ? CONVERSATIONS.includes(name) : as === "conversation" });
  if (of !== null) {
    const found = columnOf(schema, of);
    if (found?.type === "str") return toldOnce(context, source(of));
    if (schema.known) context.report({ code: found === undefined ? "unknown-column" : "wrong-type", message: found === undefined ? `no column \`${of}\` to take the texts from` : `\`${of}\` is ${found.type}, not text`, span: context.at("of"), notes: columns, ...offered(context) });
    return null;
  }
  if (!schema.known) return null;
  const conversation = CONVERSATIONS.find((name) => columnOf(schema, name)?.type === "str");
  const [first, second] = textColumns(schema.columns) ?? [];
  const behind = { start: context.at("").end, end: context.at("").end };
  if (conversation !== undefined && first === undefined) return source(conversation);
  if (conversation === undefined && first !== undefined && second === undefined) return toldOnce(context, source(first));
  if (first === undefined) {
    context.report({ code: "no-text", message: "this table has no text to put into a chat template", notes: columns, ...offered(context) });
    return null;
  }
  if (isRendered(context.input, [first])) {
    // What a model has written behind a chat is an answer in it: there is no other turn to be made of the two. Conversations that a chat was made of are in it.
    context.report({ code: "chat-in-chat", message: `\`${first}\` is in a chat template already, ${conversation === undefined ? "and its answer stands behind it" : `with what \`${conversation}\` holds`}`, notes: ["what follows reads chats as they are"], label: "leave it out", fix: context.leftOut });
    return null;
  }
  const fix = conversation !== undefined ? ` of ${conversation}` : context.given("answer") ? ` of ${printColumn(first)}` : ` of ${printColumn(first)} answer ${printColumn(second!)}`;
  context.report({
    code: "missing-argument",
    message: conversation === undefined ? "there is a prompt and a continuation here, and `chat` takes what the user says" : `there are conversations here and a text, \`${first}\``,
    notes: conversation === undefined ? [`with its answer: of ${printColumn(first)} answer ${printColumn(second!)}`, `without: of ${printColumn(first)}`] : [`of ${conversation}, or of ${printColumn(first)}`],
    label: "which one",
    fix: { span: behind, text: fix },
  });
  return null;
}

/** The column, after saying that a template has written it already: the model would be given a whole chat as one message of a user. */
function toldOnce<T extends { readonly of: string }>(context: Lowering, source: T): T {
  const [chat] = chatsIn(context.input, source.of);
  if (chat !== undefined)
    context.report({
      severity: "warning",
      code: "chat-in-chat",
      message: `these texts are in a chat template already, by \`${chat.label}\`, and all of each is one message of a user now`,
      notes: ["the signs of the template stand in the message as they would between messages"],
      label: "leave it out",
      fix: context.leftOut,
    });
  return source;
}

/** The same stage about a column that there is, or what leads to one. */
function offered(context: Lowering): ReturnType<Lowering["way"]> {
  const meant = context.input.schema.columns.find(({ type }) => type === "str")?.name;
  return meant === undefined ? context.way(["table"]) : { help: `… | chat of ${printColumn(meant)}${templateWords(context)}` };
}
