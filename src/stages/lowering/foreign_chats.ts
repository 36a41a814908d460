/** Without this file a model could read chats as another one's template wrote them, and nothing would look wrong. */
import type { Plan } from "../../ops/op.ts";
import type { Lowering, ModelFacts } from "../stage.ts";
import { writersOf } from "./rendered.ts";

/** Say where the texts in these columns are chats that were written for another model than the one that reads them, unless both would write them alike. */
export function tellForeignChats(context: Lowering, model: ModelFacts, columns: readonly string[]): void {
  const foreign = writersOf(context.input, columns).filter(({ op }) => op.op === "chat" && op.model.digest !== model.ref.digest);
  if (foreign.length === 0 || goneOnWith(context.input, model)) return;
  const own = context.chat(false);
  if (own === null) return;
  for (const { op, label } of foreign) {
    if (op.op !== "chat" || isAlike(op, own)) continue;
    context.report({
      severity: "warning",
      code: "foreign-chat",
      message: `these chats were written for ${op.model.name} by \`${label}\`, and ${model.ref.name} reads them`,
      notes: [
        op.template === null ? "a template writes the signs of its model around a message, and to another model they may be words like any other" : `what the template of ${op.model.name} writes around a message may be words like any other to ${model.ref.name}`,
        `a \`chat\` behind the \`set model\` of the model that reads is written for that one`,
      ],
    });
    return;
  }
}

/** Whether this model has read the chats before, and gone on with them: it is told there. */
function goneOnWith(plan: Plan, model: ModelFacts): boolean {
  let at: Plan | undefined = plan;
  while (at !== undefined && at.op.op !== "chat") {
    if ((at.op.op === "generate" || at.op.op === "memorize") && at.op.model.digest === model.ref.digest) return true;
    [at] = at.inputs;
  }
  return false;
}

type Chat = Plan["op"] & { readonly op: "chat" };

/** Whether the model that reads would have been given the same texts. */
function isAlike({ template, tokens }: Chat, own: NonNullable<ReturnType<Lowering["chat"]>>): boolean {
  // What stands in a file is not known here: it may read any of them.
  const reads = (name: string): boolean => template === null || template.text.includes(name);
  const same = Object.keys({ ...tokens, ...own.tokens }).every((name) => !reads(name) || tokens[name] === own.tokens[name]);
  return same && (template === null || own.templates.some(({ text }) => text === template.text));
}
