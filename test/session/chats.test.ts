/** Without this file a chat could reach the model with another beginning than its template wrote, or lose its answer on the way. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { Table, Tokens } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { modelFolder } from "./checkpoints.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";

/** Turns without a beginning-of-text token, for a tokenizer that puts one before a text. */
const PLAIN = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

/** A folder with the shipped model under the name `model`, with these templates, and other files. */
function chatFolder(template: unknown, files: Readonly<Record<string, string>> = {}): string {
  const path = folder(files);
  cpSync(join(EXAMPLES, "kjv", "model"), join(path, "model"), { recursive: true });
  const file = join(path, "model", "tokenizer_config.json");
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), chat_template: template }));
  return path;
}

const NAMES = 'set model "model"\nset sae "kjv"\nset guard off\n';

async function ask(path: string, query: string): Promise<Ran> {
  const session = await open({ readFrom: path, measured: false });
  const ran = await run(session, NAMES + query);
  await session.close();
  return ran;
}

function tokensOf({ values, outcome }: Ran): Tokens {
  const value = values.at(-1);
  if (value?.kind !== "tokens") throw new Error(`${value?.kind}: ${JSON.stringify(outcome.diagnostics)}`);
  return value;
}

function tableOf({ values, outcome }: Ran): Table {
  const value = values.at(-1);
  if (value?.kind !== "table") throw new Error(`${value?.kind}: ${JSON.stringify(outcome.diagnostics)}`);
  return value;
}

const textAt = (table: Table, name: string, row = 0): unknown => cellAt(columnNamed(table, name), row);
const starts = (ran: Ran): readonly (number | undefined)[] => tokensOf(ran).ids.map((ids) => ids[0]);
const BOS = 0;

test("what a template wrote is read as it is, wherever its rows go; a text that is made of it is a text like any other", async () => {
  const path = chatFolder(PLAIN);
  const asked = 'prompts "Who is he?" | chat';
  for (const kept of ["", " | where len(text) > 1", " | sort text", " | sample 1", " | derive n = 1", " | rename prompt = text", " | select text", " | distinct text", " | tee (count)", " | cache"]) {
    assert.ok(!starts(await ask(path, `${asked}${kept} | tokenize`)).includes(BOS), kept);
  }
  for (const changed of [" | text upper(text)", ' | derive text = text + "."']) assert.equal(starts(await ask(path, `${asked}${changed} | tokenize`)), [BOS], changed);
  const saved = join(path, "saved.csv");
  await ask(path, `${asked} | save "${saved}"`);
  assert.equal(starts(await ask(path, `csv "${saved}" | tokenize`)), [BOS]);
  assert.equal(starts(await ask(path, `set bos true\n${asked} | tokenize`)), [BOS], "what is set is meant");
  const groups = await ask(path, `groups plain = (prompts "Who is he?"), asked = (${asked}) | tokenize`);
  const value = groups.values.at(-1)!;
  assert.is(value.kind, "groups");
  if (value.kind === "groups") assert.equal(value.members.map((member) => (member.value as Tokens).ids[0]![0] === BOS), [true, false]);
});

test("the answer is read by itself, and so is what the model writes behind a chat", async () => {
  const path = chatFolder(PLAIN, { "qa.csv": "q,a\nWho is he?,The king of Judah\nWhere?,In the land\n" });
  const ran = await ask(path, 'csv "qa.csv" | chat of q answer a | tokenize');
  const { ids, boundary, pieces, table } = tokensOf(ran);
  assert.equal(ids.map((document, row) => pieces([...document.slice(boundary![row])]).join("")), [" The king of Judah\n", " In the land\n"]);
  assert.equal(table.columns.map(({ name }) => name), ["q", "a", "prompt", "continuation"]);
  const whole = tokensOf(await ask(path, 'csv "qa.csv" | chat of q answer a ending closed | text prompt + continuation | tokenize'));
  assert.equal(whole.ids.map((document) => [...document.slice(1)]), ids.map((document) => [...document]), "the ids are those of the whole");
  const open = tokensOf(await ask(path, 'csv "qa.csv" | chat of q answer a pair ending open | tokenize'));
  assert.is(open.pieces([...open.ids[0]!.slice(open.boundary![0])]).join(""), " The king of Judah");
  const written = await ask(path, 'prompts "Who is he?" | chat | generate max 4 | tokenize');
  const continued = tokensOf(written);
  assert.is(continued.ids[0]!.length - continued.boundary![0]!, 4);
  assert.is.not(continued.ids[0]![0], BOS);
  for (const columns of ["", " | text input_text + true_continuation_text"]) {
    const remembered = tokensOf(await ask(path, `prompts "Who is he that cometh?" | chat | memorize prefix 4 continue 3 of text${columns} | tokenize`));
    assert.equal([remembered.ids[0]!.length, remembered.ids[0]![0] === BOS], columns === "" ? [7, false] : [8, true], `memorize${columns}`);
  }
  const begun = tableOf(await ask(path, 'prompts "Who is he?" | chat answer "The " ending open'));
  assert.is(textAt(begun, "text"), "user: Who is he?\nassistant: The ");
});

test("the same bytes for any batch and other settings, and other ones for another template, though the model be the same", async () => {
  const path = chatFolder(PLAIN, { "other.jinja": `{{ bos_token }}${PLAIN}` });
  const query = (more: string): string => `prompts "Who is he?", "Where is the king?" | chat${more} | acts layer 7 last 5 | top 5`;
  const one = await ask(path, query(""));
  assert.is(one.outcome.exitCode, 0, JSON.stringify(one.outcome.diagnostics));
  assert.is(bits((await ask(path, `set batch 1\n${query("")}`)).values), bits(one.values));
  assert.is.not(bits((await ask(path, query(' template "other.jinja"'))).values), bits(one.values));
});

test("several templates are chosen by name, and what a template reads can be given", async () => {
  const path = chatFolder([{ name: "default", template: PLAIN }, { name: "rag", template: "{{ messages[0].content ~ (' +' if more is defined and more else ' -') ~ eos_token }}" }]);
  assert.is(textAt(tableOf(await ask(path, 'prompts "a" | chat named "rag"')), "text"), "a -<|end_of_text|>");
  assert.is(textAt(tableOf(await ask(path, 'prompts "a" | chat named "rag" with more = true')), "text"), "a +<|end_of_text|>");
  assert.is(textAt(tableOf(await ask(path, 'prompts "a" | chat named "rag" with more = len(text) > 5')), "text"), "a -<|end_of_text|>");
  assert.equal((await ask(path, 'prompts "a" | chat named "rog"')).codes, ["unknown-chat-template"]);
  const misspelt = await ask(path, 'prompts "a" | chat named "rag" with mroe = true');
  assert.equal(misspelt.codes, ["unread-variable"]);
  assert.match(misspelt.outcome.diagnostics[0]!.notes!.join(), "it reads more");
});

test("a day is the same on every day, and that is said; a date is what is asked for", async () => {
  const path = chatFolder("{% if messages %}{{ strftime_now('%d %b %Y') }} {{ date_string if date_string is defined }}{% endif %}");
  const [noDay] = (await ask(path, 'prompts "a" | chat date "July"')).outcome.diagnostics;
  assert.equal([noDay?.message, noDay?.fix?.text], ['"July" is no day', 'date "2024-07-26"']);
  const usual = await ask(path, 'prompts "a", "b" | chat');
  assert.is(textAt(tableOf(usual), "text"), "26 Jul 2024 ");
  assert.is(usual.notices.filter((text) => text.includes("26 Jul 2024")).length, 1);
  const other = await ask(path, 'prompts "a" | chat date "2 Jan 2025"');
  assert.is(textAt(tableOf(other), "text"), "02 Jan 2025 02 Jan 2025");
  assert.equal(other.notices, []);
});

test("marks of another model's template are told, as they are cut into pieces", async () => {
  const path = chatFolder("{{ '<|im_start|>' + messages[0].content + '<|im_end|>' }}");
  assert.match((await ask(path, 'prompts "a" | chat')).notices.join(), "<|im_start|> and 1 more marks");
  assert.equal((await ask(chatFolder("{{ '<|begin_of_text|>' + messages[0].content }}"), 'prompts "a" | chat')).notices, []);
});

test("conversations of lists, of ShareGPT and of CSV are read; what is none says why", async () => {
  const turns = (...said: readonly string[]): string => JSON.stringify(said.map((content, at) => ({ role: at % 2 === 0 ? "user" : "assistant", content })));
  const shared = JSON.stringify([{ from: "human", value: "Who?" }, { from: "gpt", value: "He" }]);
  const path = chatFolder(PLAIN, { "a.jsonl": `{"messages":${turns("Who?", "He")},"id":1}\n{"messages":${shared},"id":2}\n`, "b.csv": `id,messages\n1,"${turns("Who?", "He").replaceAll('"', '""')}"\n` });
  const text = "user: Who?\nassistant: He\n";
  const ran = await ask(path, 'jsonl "a.jsonl" | chat');
  assert.equal([textAt(tableOf(ran), "text"), textAt(tableOf(ran), "text", 1)], [text, text]);
  assert.match(ran.notices.join(), "1 of 2 conversations is written as ShareGPT");
  assert.is(textAt(tableOf(await ask(path, 'csv "b.csv" | chat')), "text"), text);
  for (const [cell, words] of [
    ["[{'role': 'user', 'content': 'a'}]", "as Python prints it"],
    ["[]", "without messages"],
    ['[{"role": "user"', "ends too early"],
    ['[{"role": "user", "role": "b"}]', "twice"],
    ['[{"content": "a"}]', "without a `role`"],
    ['[{"from": "Bob", "value": "a"}]', "nobody that chat templates know"],
    ["[1]", "no object as message 1"],
    ["{}", "no list of messages"],
    [`[${"[".repeat(500)}${"]".repeat(500)}]`, "nested more than 100 deep"],
    ['[{"role": "user", "content": "\\ud800"}]', "half of a character"],
    ['[{"role": "user", "content": "\\u0000"}]', "NUL"],
  ] as const) {
    writeFileSync(join(path, "c.csv"), `id,messages\n1,"${cell.replaceAll('"', '""')}"\n`);
    const { outcome } = await ask(path, 'csv "c.csv" | chat');
    assert.equal(outcome.diagnostics.map(({ code }) => code), ["bad-conversation"], cell);
    assert.ok(outcome.diagnostics[0]!.message.includes(words), outcome.diagnostics[0]!.message);
  }
  assert.equal((await ask(path, 'csv "b.csv" | chat as text')).codes, ["bad-conversation"]);
  assert.equal((await ask(path, 'csv "b.csv" | chat system "b" | chat of text')).codes, ["chat-in-chat"]);
});

test("what a template says when it refuses is told with its row, and the line without the reason", async () => {
  const path = chatFolder("{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}");
  const { outcome } = await ask(path, 'prompts "a" | derive rule = "as brief, of course" | chat system "as brief, of course" of text ending prompt');
  const [told] = outcome.diagnostics;
  assert.is(told!.code, "chat-refused");
  assert.match(told!.message, "refuses row 1: System role not supported");
  assert.is(told!.help, "chat of text ending prompt");
  assert.is(textAt(tableOf(await ask(path, 'prompts "a" | chat system null')), "text"), "a", "a row without a system message has none");
});

test("a template of a file needs the right to be read, and a broken one of a model is told before anything runs", async () => {
  const path = chatFolder("{{ messages[0].content | frob }}", { "my.jinja": PLAIN });
  const session = await open({ readFrom: path, grants: { read: [join(path, "model")], write: true }, measured: false });
  const { outcome } = await run(session, `${NAMES}prompts "a" | chat template "my.jinja"`);
  assert.equal(outcome.diagnostics.map(({ code }) => code), ["permission-denied"]);
  await session.close();
  const open_ = await open({ readFrom: chatFolder("{% if x %}"), measured: false });
  const { diagnostics } = await open_.check({ name: "a", text: `${NAMES}prompts "a" | chat` });
  assert.equal(diagnostics.map(({ code }) => code), ["bad-chat-template"]);
  await open_.close();
});

test("a model that reads what was written for another is told of, once, and not where both would write the same", async () => {
  const ended = `${PLAIN}{{ eos_token }}`;
  const path = chatFolder(ended);
  // Another model: its final norm is another.
  const other = modelFolder({ weights: (bytes) => bytes.map((byte, at) => (at >= bytes.length - 32 ? 0 : byte)) });
  const config = JSON.parse(readFileSync(join(other, "tokenizer_config.json"), "utf8")) as object;
  const told = async (template: string | null, rest: string, tokens: Readonly<Record<string, string>> = {}, chat = "chat"): Promise<readonly string[]> => {
    writeFileSync(join(other, "tokenizer_config.json"), JSON.stringify({ ...config, ...tokens, ...(template === null ? {} : { chat_template: template }) }));
    const session = await open({ readFrom: path, measured: false });
    const { diagnostics } = await session.check({ name: "t", text: `${NAMES}let asked = prompts "a" | ${chat}\nlet own = asked | generate max 2\nset model ${JSON.stringify(other)}\n${rest}` });
    await session.close();
    return diagnostics.map(({ code, message }) => `${code} ${message}`);
  };
  const foreign = [`foreign-chat these chats were written for model by \`chat\`, and ${other} reads them`];
  for (const rest of ["asked | tokenize", "asked | generate max 2", "asked | generate max 2 | tokenize", "own | tokenize", "asked | memorize prefix 1 continue 1 of text"]) assert.equal(await told(null, rest), foreign, rest);
  assert.equal(await told(ended, "asked | tokenize"), []);
  // Another token that the template does not write, and one that it does.
  assert.equal(await told(ended, "asked | tokenize", { pad_token: "the" }), []);
  assert.equal(await told(ended, "asked | tokenize", { eos_token: "the" }), foreign);
  // A file is of no model: what counts is what it writes. Tokens of both by their names, as they are spelt, signs of any, and none at all.
  const end = JSON.parse(readFileSync(join(path, "model", "tokenizer_config.json"), "utf8")) as { readonly eos_token: string };
  for (const [text, alike] of [[PLAIN, true], [ended, false], [`${PLAIN}${end.eos_token}`, false], [`<|im_start|>${PLAIN}`, false], [`<start_of_turn>${PLAIN}`, false], [`<b>${PLAIN}</b> | x |`, true]] as const) {
    writeFileSync(join(path, "own.jinja"), text);
    const label = 'chat template "own.jinja"';
    assert.equal(await told(null, "asked | tokenize", { eos_token: "the" }, label), alike ? [] : foreign.map((message) => message.replace("`chat`", `\`${label}\``)), text);
    assert.equal(await told(null, "asked | tokenize", {}, label), [], text);
  }
  for (const rest of ["asked | count", 'asked | derive text = text + "." | tokenize', 'set model "model"\nasked | tokenize']) assert.equal(await told(null, rest), [], rest);
});

test("a chat that is put into a template again is told of, through values and definitions too", async () => {
  const path = chatFolder(PLAIN);
  const codes = async (query: string): Promise<readonly string[]> => (await ask(path, query)).outcome.diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  for (const query of ['prompts "a" | chat | chat | count', 'let c = prompts "a" | chat\nc | where len(text) > 1 | chat of text | count', 'def asked(x: table) = x | chat\nprompts "a" | asked | asked | count']) assert.equal(await codes(query), ["warning chat-in-chat"], query);
  assert.equal(await codes('prompts "a" | chat | generate max 2 | chat | count'), ["error chat-in-chat"]);
  for (const query of ['prompts "a" | chat | derive question = "b" | chat of question | count', 'prompts "a" | chat | derive text = "Sum up: " + text | chat of text | count', 'prompts "a" | generate max 2 | chat of input_text | count', 'prompts "a" | chat | generate max 2 | chat of generated_continuation_text | count', 'prompts "a" | chat | generate max 2 | text generated_continuation_text | chat | count']) assert.equal(await codes(query), [], query);
});

test("variables, days and files of a template in the words of other tools are mended in one line", async () => {
  const path = chatFolder("{{ strftime_now('%d %b %Y') }}{{ messages[0].content }}{% if enable_thinking %}<think>{% endif %}");
  const session = await open({ readFrom: path, measured: false });
  for (const [written, meant] of [
    ["enable_thinking false", "with enable_thinking = false"],
    ["enable_thinking=False, add_generation_prompt=True", "with enable_thinking = false ending prompt"],
    ["with enable_thinking false", "with enable_thinking = false"],
    ["date 2024-01-01", 'date "2024-01-01"'],
    ["date 26 Jul 2024 ending closed", 'date "26 Jul 2024" ending closed'],
  ] as const) {
    const text = `${NAMES}prompts "a" | chat ${written} | count`;
    const [told, ...others] = (await session.check({ name: "t", text })).diagnostics;
    assert.equal(others, [], written);
    const fixed = text.slice(0, told?.fix?.span.start) + (told?.fix?.text ?? "") + text.slice(told?.fix?.span.end);
    assert.is(fixed, `${NAMES}prompts "a" | chat ${meant} | count`);
    assert.equal((await run(session, fixed)).codes, [], fixed);
  }
  // What nobody reads is one that is nearly called so, or goes; which is said.
  for (const [written, meant] of [["enable_talking false", "chat with enable_thinking = false"], ["verbose true mood 2 enable_thinking false", "chat with enable_thinking = false"], ["verbose true", "chat"]] as const) {
    const text = `${NAMES}prompts "a" | chat ${written}`;
    const [told, ...others] = (await session.check({ name: "t", text })).diagnostics;
    assert.equal(others, [], written);
    assert.match(told!.notes!.join(), /reads no `/);
    assert.is(text.slice(0, told!.fix!.span.start) + told!.fix!.text + text.slice(told!.fix!.span.end), `${NAMES}prompts "a" | ${meant}`);
  }
  await session.close();
});

test.run();
