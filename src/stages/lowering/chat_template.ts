/** Without this file `chat` would find out only when it runs that a model has no template, or that nobody reads a variable. */
import type { Fix } from "../../../grammar/diagnostic.ts";
import type { Plan } from "../../ops/op.ts";
import { table } from "../../ops/schema.ts";
import type { Assignment } from "../args.ts";
import type { ChatTemplate, Lowering, ModelFacts } from "../stage.ts";

interface Asked {
  readonly file: string;
  readonly named: string;
  readonly variables: readonly Assignment[];
  readonly dated: boolean;
}

interface Found {
  /** The model's own; null where a file is given. */
  readonly own: { readonly name: string; readonly text: string } | null;
  readonly file: Plan | null;
  readonly tokens: Readonly<Record<string, string>>;
}

/** What a conversation itself fills in. */
const FILLED: Readonly<Record<string, string>> = { messages: "are the rows themselves", add_generation_prompt: "is what `ending prompt` says" };

/** The template as it stands in a line that is offered: as it is written, or one that the shipped model is given, as it has none. */
export function templateWords(context: Lowering): string {
  if (context.given("template")) return ` ${context.written("template")}`;
  return context.settings.model === "kjv" ? ' template "std:kjv/dialogue.jinja"' : "";
}

/** The template that is meant; null after a reported mistake, or where it is not known yet. */
export function chatTemplate(context: Lowering, { ref }: ModelFacts, { file, named, variables, dated }: Asked): Found | null {
  const taken = variables.find(({ name }) => Object.hasOwn(FILLED, name));
  if (taken !== undefined) {
    context.report({ code: "name-taken", message: `\`${taken.name}\` ${FILLED[taken.name]!}`, span: context.at("with"), help: "… | chat with enable_thinking = false" });
    return null;
  }
  if (file !== "" && named !== "") {
    context.report({ code: "wrong-argument", message: "a file is one template, and `named` chooses among those of the model", span: context.at("named"), label: "leave it out", fix: context.without("named") });
    return null;
  }
  const facts = context.chat(named !== "");
  if (facts === null) return null;
  if (file !== "") {
    const read = fileOf(context, file);
    const template = read === null ? null : context.template(file);
    if (read === null || template === null) return null;
    const what = "the chat template of that file";
    const broken = brokenBy(template);
    if (broken !== null) context.report({ code: "bad-chat-template", message: `${what} cannot be done: ${broken}`, span: context.at("template"), notes: ["the file is to be mended"] });
    return broken === null && allRead(context, what, template, variables, dated) ? { own: null, file: read, tokens: facts.tokens } : null;
  }
  const names = facts.templates.map(({ name }) => name);
  if (names.length === 0) {
    context.report({
      code: "no-chat-template",
      message: `${ref.name} has no chat template`,
      notes: ["a base model has none: the one that was tuned for chats has it, as `chat_template` in tokenizer_config.json or in chat_template.jinja", '`template "my.jinja"` takes a file of your own'],
      ...(templateWords(context) === "" ? {} : { help: `… | chat${templateWords(context)}` }),
    });
    return null;
  }
  const wanted = named === "" ? "default" : named;
  const own = facts.templates.find(({ name }) => name === wanted) ?? (named === "" && names.length === 1 ? facts.templates[0] : undefined);
  if (own === undefined) {
    const near = context.nearest(wanted, names) ?? names[0]!;
    const place = named === "" ? { start: context.at("").end, end: context.at("").end } : context.at("named");
    context.report({
      code: "unknown-chat-template",
      message: named === "" ? `${ref.name} has several chat templates and none of them is called default` : `${ref.name} has no chat template called ${JSON.stringify(named)}`,
      span: named === "" ? context.at("") : place,
      notes: [`its templates: ${names.join(", ")}`],
      label: named === "" ? "which one" : `did you mean ${JSON.stringify(near)}?`,
      fix: { span: place, text: `${named === "" ? " " : ""}named ${JSON.stringify(near)}` },
    });
    return null;
  }
  if (own.problem !== null) {
    context.report({ code: "bad-chat-template", message: `the chat template of ${ref.name} cannot be done: it needs what is not known here, ${own.problem}`, notes: ['`template "my.jinja"` takes a file of your own'] });
    return null;
  }
  const unasked = brokenBy(own);
  if (unasked !== null) {
    context.report({ code: "bad-chat-template", message: `the chat template of ${ref.name} cannot be done: ${unasked}`, notes: ['`template "my.jinja"` takes a file of your own'] });
    return null;
  }
  return allRead(context, `the chat template of ${ref.name}`, own, variables, dated) ? { own: { name: own.name, text: own.text }, file: null, tokens: facts.tokens } : null;
}

/** Why a text is no chat template; null where it is one. */
function brokenBy({ text, reads, problem }: ChatTemplate): string | null {
  if (problem !== null) return problem;
  if (text.trim() === "") return "it is empty";
  return reads.includes("messages") ? null : "it reads no `messages`, so nothing that anybody says would be in it";
}

function fileOf(context: Lowering, path: string): Plan | null {
  const lenient = { whole: "file" } as const;
  const facts = context.table(path, "", {}, "text", lenient);
  return facts === null ? null : context.node({ op: "read", format: "text", path, digest: facts.digest, separator: "", types: {}, lenient }, [], table([{ name: "text", type: "str" }]));
}

/** Names that every template is given say nothing to somebody who looks for a switch. */
export const GIVEN_TO_TEMPLATES: ReadonlySet<string> = new Set(["messages", "add_generation_prompt", "bos_token", "eos_token", "unk_token", "pad_token", "tools", "documents", "raise_exception", "strftime_now", "namespace", "range", "dict", "loop", "true", "false", "none", "True", "False", "None", "caller"]);

/** Whether the template reads each variable: one that it does not read would be a mistake without a sign. */
function allRead(context: Lowering, what: string, { reads, asks }: ChatTemplate, variables: readonly Assignment[], dated: boolean): boolean {
  if (dated && !reads.includes("strftime_now") && !reads.includes("date_string")) {
    context.report({ code: "unread-variable", message: `${what} prints no date`, span: context.at("date"), label: "leave it out", fix: context.without("date") });
    return false;
  }
  const [unread, ...more] = variables.filter(({ name }) => !reads.includes(name)).map(({ name }) => name);
  if (unread === undefined) return true;
  const others = asks.filter((name) => !GIVEN_TO_TEMPLATES.has(name));
  const near = more.length > 0 ? null : context.nearest(unread, others);
  context.report({
    code: "unread-variable",
    message: `${what} reads no ${[unread, ...more].map((name) => `\`${name}\``).join(" and no ")}, so ${more.length === 0 ? "it" : "they"} would change nothing`,
    span: context.at("with"),
    notes: others.length === 0 ? [] : [`it reads ${others.slice(0, 20).join(", ")}`],
    ...(near === null ? { label: "leave it out", fix: withoutVariables(context, [unread, ...more]) } : { label: `did you mean \`${near}\`?`, fix: { span: context.at("with"), text: context.written("with").replace(new RegExp(`\\b${unread}(?=\\s*=)`), near) } }),
  });
  return false;
}

/** What stands behind `with`, less some of its variables; nothing where there are no others. */
function withoutVariables(context: Lowering, names: readonly string[]): Fix {
  const others = context.members("with").filter((each) => !names.includes(/^[^\s=]+/.exec(each)?.[0] ?? ""));
  return others.length === 0 ? context.without("with") : { span: context.at("with"), text: `with ${others.join(", ")}` };
}
