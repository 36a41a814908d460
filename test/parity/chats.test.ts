/** Without this file `chat` could give other texts and tokens than `apply_chat_template` of transformers, and nobody would notice. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readChat } from "../../runtime/checkpoint/chat/chat_files.ts";
import { parseJson } from "../../runtime/checkpoint/chat/json_text.ts";
import { readTemplate } from "../../runtime/checkpoint/chat/template.ts";
import { TemplateError } from "../../runtime/checkpoint/chat/template_error.ts";
import { isDict, type Value } from "../../runtime/checkpoint/chat/values.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { DataError } from "../../runtime/data/error.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { renderChats } from "../../runtime/passes/chatting.ts";
import { createTurns } from "../../runtime/turns.ts";
import type { Chat, ChatEnding, Op } from "../../src/ops/op.ts";

const CHATS = join(import.meta.dirname, "chats");

interface Case {
  readonly messages: string;
  readonly ending?: ChatEnding;
  readonly variables?: Readonly<Record<string, boolean>>;
  readonly date?: string;
  readonly named?: string;
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly error?: string;
}

async function rendered(op: Chat, messages: string): Promise<readonly string[]> {
  const table = createTable("chats.jsonl", [createColumn("messages", "str", [messages])], 1);
  const { columns } = await renderChats({ op: "chat", ...op } as Op & { op: "chat" }, table, { label: "chat", file: null }, createTurns(), () => {});
  return columns.slice(1).map(({ values }) => String(values[0]));
}

const families = readdirSync(CHATS, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

for (const family of families) {
  test(`conversations of ${family} are the text and the ids of transformers, whole or with the answer apart`, async () => {
    const folder = join(CHATS, family);
    const { templates, tokens } = await readChat(folder);
    const tokenizer = await readTokenizer(folder);
    for (const each of JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as readonly Case[]) {
      const template = templates.find(({ name }) => name === (each.named ?? "default"))!;
      assert.is(template.problem, null);
      const op: Chat = {
        model: { name: family, digest: "" }, template, tokens, of: "messages", conversation: true, system: null, answer: null, pair: false, ending: each.ending ?? null, date: each.date ?? null,
        variables: Object.entries(each.variables ?? {}).map(([name, value]) => ({ name, value: { op: "literal", value, type: "bool" } })),
      };
      const about = JSON.stringify(each);
      if (each.error !== undefined) {
        const error = await rendered(op, each.messages).then(() => null, (thrown: unknown) => thrown);
        assert.instance(error, DataError, about);
        // What the template itself says is told word for word.
        const own = /^(System role|Roles must|Conversation roles|Only user)/.test(each.error);
        if (own) assert.ok((error as DataError).message.includes(each.error), `${(error as DataError).message} ${about}`);
        continue;
      }
      const [text] = await rendered(op, each.messages);
      assert.is(text, each.text, about);
      assert.equal([...tokenizer.encode(text!, { bos: false })], each.ids, about);
      const answered = (JSON.parse(each.messages) as readonly { readonly role: string }[]).at(-1)!.role === "assistant";
      if (!answered || each.ending === "prompt") continue;
      const [prompt, continuation] = await rendered({ ...op, pair: true }, each.messages);
      assert.is(prompt! + continuation!, each.text, about);
    }
  });
}

test("a prompt is what the template writes before an answer, and an answer is no part of it", async () => {
  const parts = async (family: string, messages: object): Promise<readonly string[]> => {
    const { templates, tokens } = await readChat(join(CHATS, family));
    return rendered({ model: { name: family, digest: "" }, template: templates[0]!, tokens, of: "messages", conversation: true, system: null, answer: null, pair: true, ending: null, date: null, variables: [] }, JSON.stringify(messages));
  };
  const asked = (content: string): object => [{ role: "user", content: "Hi" }, { role: "assistant", content }];
  assert.equal(await parts("chatml_without_bos", asked("Yes")), ["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "Yes<|im_end|>\n"]);
  // R1 opens a thought that a known answer does not have: what both begin with is the prompt, and "<" of the answer is none of it.
  const r1 = "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜>";
  assert.equal(await parts("deepseek", asked("<b>Yes")), [r1, "<b>Yes<｜end▁of▁sentence｜>"]);
  assert.equal(await parts("mistral", asked("Yes")), ["<s>[INST] Hi [/INST]", " Yes</s>"]);
  assert.equal(await parts("qwen3", asked("<think>\nhm\n</think>\n\nYes")), ["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<think>\nhm\n</think>\n\nYes<|im_end|>\n"]);
  assert.equal(await parts("parts", [{ role: "assistant", content: "Alone" }]), ["<|im_start|>assistant\n", "Alone<|im_end|>\n"]);
});

test("each construct prints what Jinja2 prints in transformers' environment, or says that nobody here knows it", async () => {
  const text = readFileSync(join(CHATS, "constructs.json"), "utf8");
  const variables = (parseJson(text) as ReadonlyMap<string, Value>).get("variables")!;
  assert.ok(isDict(variables));
  const unknown: string[] = [];
  for (const each of (JSON.parse(text) as { readonly templates: readonly { readonly template: string; readonly text?: string; readonly error?: string }[] }).templates) {
    let made: string | TemplateError;
    try {
      made = (await readTemplate(each.template)).render(variables as ReadonlyMap<string, Value>, { today: null, characters: 1000 }).text;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw new Error(`${each.template}: ${String(error)}`);
      made = error;
    }
    if (typeof made === "string") assert.is(made, each.text, each.template);
    else if (each.text !== undefined) {
      assert.is(made.kind, "unsupported", `${each.template}: ${made.message}`);
      unknown.push(each.template);
    }
  }
  assert.ok(unknown.length <= 14, unknown.join("\n"));
});

test.run();
