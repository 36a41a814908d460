/** Without this file instruct models would read questions as no chat ever brought them to them. */
import { printColumn } from "../../grammar/print_parts.ts";
import { dayOf } from "../ops/day.ts";
import { assignments, column, flag, oneOf, optionalScalar, path, text, type ArgValues } from "./args.ts";
import { chatColumns } from "./lowering/chat_columns.ts";
import { chatSource } from "./lowering/chat_source.ts";
import { chatTemplate, templateWords } from "./lowering/chat_template.ts";
import { stage, type Lowering } from "./stage.ts";

const ARGS = {
  of: column({ keyword: true, default: "text", doc: "Column with what the user says, or with whole conversations; not said: `messages`, `conversation` or `conversations`, or else the text that the model would read" }),
  as: { ...oneOf(["text", "conversation"], { keyword: true, default: "text", doc: "Whether a cell is what the user says, or a conversation: a JSON list of {role, content}, or of {from, value} as ShareGPT has it. Not said: a conversation where the column is called `messages`, `conversation` or `conversations`" }), depends: true },
  system: optionalScalar({ keyword: true, alsoCalled: ["system_prompt", "system_message"], doc: "The system message in front: text in quotes, or an expression over the columns; rows where it is null have none" }),
  answer: optionalScalar({ keyword: true, alsoCalled: ["assistant", "response", "completion", "reply"], doc: "What the assistant says behind it: a column. It stands apart then, as with `pair`, where it is not left open" }),
  pair: flag("The last answer of the assistant stands in the column `continuation`, all before it in `prompt`: `acts … of continuation` reads the answer and what the template writes behind it"),
  ending: { ...oneOf(["prompt", "closed", "open"], { keyword: true, alsoCalled: ["add_generation_prompt"], signs: { true: "prompt", false: "closed" }, default: "prompt", doc: "How the text ends: `prompt`, with what the template writes before an answer; `closed`, with the last message; `open`, inside the last answer, for the model to go on with. Not said: `closed` behind an answer, else `prompt`" }), depends: true },
  with: assignments({ keyword: true, of: "template", default: [], alsoCalled: ["chat_template_kwargs", "kwargs"], doc: "Variables that the template reads, as `enable_thinking = false` of Qwen 3; each an expression over the columns" }),
  date: text({ keyword: true, default: "", alsoCalled: ["date_string", "strftime_now"], doc: "The day that a template prints as today's, as 2024-07-26 or 26 Jul 2024, which it is where none is given: the same on every day" }),
  named: text({ keyword: true, of: "template", default: "", doc: "Another template of the model, by its name" }),
  template: path("read", [".jinja", ".j2", ".txt"], { keyword: true, default: "", alsoCalled: ["chat_template"], doc: "A file with a template in place of the model's own" }),
} as const;

export const chat = stage({
  name: "chat",
  doc: "Put each text, or each conversation, into the chat template of the model: what `apply_chat_template` of transformers gives, as text in the column `text`, which is cut into the same tokens, whether the template writes a beginning-of-text token or not. A text that another stage makes of it, or that is read back from a file, is a text like any other: the tokenizer's own beginning-of-text token comes before it where it has none. Other columns stay",
  category: "model",
  args: ARGS,
  input: ["table"],
  examples: [
    { title: "A question", query: 'prompts "Who was Moses?" | chat template "kjv/dialogue.jinja" | generate max 20' },
    { title: "The answer apart", query: 'csv "kjv/dialogues.csv" | chat of question system "Answer briefly." answer answer template "kjv/dialogue.jinja" | acts layer 7 of continuation | top 3' },
    { title: "Whole conversations", query: 'jsonl "kjv/conversations.jsonl" | chat template "kjv/dialogue.jinja" | tokenize' },
  ],
  foreignWords: {
    tokenize: { words: [""], why: "`chat` makes text; `… | tokenize` makes tokens of it" },
    return_tensors: { words: [""], why: "`chat` makes text; `… | tokenize` makes tokens of it", valued: true },
    return_dict: { words: [""], why: "`chat` makes text; `… | tokenize` makes tokens of it" },
    continue_final_message: ["ending open"],
  },
  alsoCalled: ["apply_chat_template", "chat_template", "to_chat"],
  searchTerms: ["instruct", "messages", "conversation", "system prompt", "jinja", "chatml", "assistant", "user", "dialogue", "template", "turn", "continue_final_message", "prefill"],
  lower: (context, args) => lowered(context, args),
});

function lowered(context: Lowering, args: ArgValues<typeof ARGS>): ReturnType<Lowering["node"]> | null {
  const { input } = context;
  const model = context.model();
  if (model === null) return null;
  const source = chatSource(context, context.given("of") ? args.of : null, context.given("as") ? args.as : null);
  if (source === null) return null;
  for (const [name, value] of [["system", args.system], ["answer", args.answer]] as const) {
    if (value === null || value.type === "str" || value.type === "null") continue;
    context.report({ code: "wrong-type", message: `\`${name}\` is text, but this is ${value.type}`, span: context.at(name), ...(value.op === "column" ? { help: `… | chat of ${printColumn(source.of)} ${name} str(${printColumn(value.name)})${templateWords(context)}` } : {}) });
    return null;
  }
  const ending = context.given("ending") ? args.ending : null;
  const pair = args.pair || (args.answer !== null && (ending === null || ending === "closed"));
  if (!ends(context, source, { ...args, pair, ending })) return null;
  const template = chatTemplate(context, model, { file: args.template, named: args.named, variables: args.with, dated: args.date !== "" });
  if (template === null) return null;
  const date = args.date === "" ? null : dayOf(args.date);
  if (date === null && args.date !== "") {
    context.report({ code: "wrong-argument", message: `${JSON.stringify(args.date)} is no day`, span: context.at("date"), label: "a day is written so", fix: { span: context.at("date"), text: 'date "2024-07-26"' } });
    return null;
  }
  const { names, dropped } = chatColumns(pair);
  const columns = [...input.schema.columns.filter(({ name }) => !dropped.includes(name)), ...names.map((name) => ({ name, type: "str" }) as const)];
  return context.node(
    { op: "chat", model: model.ref, template: template.own, tokens: template.tokens, ...source, system: args.system, answer: args.answer, pair, ending, date, variables: args.with },
    template.file === null ? [input] : [input, template.file],
    { ...input.schema, kind: "table", columns },
  );
}

interface Ends {
  readonly answer: unknown;
  readonly pair: boolean;
  readonly ending: string | null;
}

/** Whether there is an answer where one is left open or stands apart. */
function ends(context: Lowering, { of, conversation }: { readonly of: string; readonly conversation: boolean }, { answer, pair, ending }: Ends): boolean {
  if (pair && ending === "prompt") {
    context.report({ code: "wrong-argument", message: "`pair` sets the last answer apart, and `ending prompt` stands before an answer that is not there yet", span: context.at("ending"), label: "leave it out", fix: context.without("ending") });
    return false;
  }
  if (conversation || answer !== null || (!pair && ending !== "open")) return true;
  const argument = pair ? "pair" : "ending";
  context.report({
    code: "missing-argument",
    message: `${pair ? "`pair` sets an answer apart" : "`ending open` leaves an answer open"}, and there is only what the user says`,
    span: context.at(argument),
    notes: ["an answer is given with `answer`, or is the last message of a conversation"],
    help: `… | chat of ${printColumn(of)} answer "Well, "${pair ? " pair" : ""} ending open${templateWords(context)}`,
  });
  return false;
}
