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
  for (const { op, label, inputs } of foreign) {
    const file = inputs[1]?.op;
    if (op.op !== "chat" || isAlike(op, own, op.template?.text ?? (file?.op === "read" ? context.template(file.path)?.text : undefined))) continue;
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

/** What templates write around a message, and no text has: `<|im_start|>`, `<start_of_turn>`, `[INST]`, `<<SYS>>`. */
const SIGNS = /<\|[^|<>\n]+\|>|<\/?[a-z]+(?:_[a-z]+)+>|\[\/?INST\]|<<\/?SYS>>/;

/** Whether the model that reads would have been given the same texts. `text`: the template; undefined where it is not known, which may read and write anything. */
function isAlike({ template, tokens }: Chat, own: NonNullable<ReturnType<Lowering["chat"]>>, text: string | undefined): boolean {
  const differing = Object.keys({ ...tokens, ...own.tokens }).filter((name) => tokens[name] !== own.tokens[name]);
  const writes = (name: string): boolean => text === undefined || text.includes(name) || [tokens[name], own.tokens[name]].some((token) => token !== undefined && token !== "" && text.includes(token));
  if (differing.some(writes)) return false;
  // A file is of no model: whoever gives it means it for both, as long as it writes the signs of neither.
  return template === null ? differing.length === 0 || !SIGNS.test(text ?? "") : own.templates.some((each) => each.text === template.text);
}
