/** Without this file a template that came with a download could hang the program, fill its memory or reach out of its box. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readChat } from "../../runtime/checkpoint/chat/chat_files.ts";
import { strftime } from "../../runtime/checkpoint/chat/dates.ts";
import { parseJson } from "../../runtime/checkpoint/chat/json_text.ts";
import { readTemplate } from "../../runtime/checkpoint/chat/template.ts";
import { TemplateError } from "../../runtime/checkpoint/chat/template_error.ts";
import type { Value } from "../../runtime/checkpoint/chat/values.ts";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { dayOf } from "../../src/ops/day.ts";
import { ownFolder } from "../house/own_folder.ts";

const MESSAGES = new Map<string, Value>([["messages", parseJson('[{"role": "user", "content": "Who are you?"}]')], ["s", "abc"]]);

/** What a template gives, or the kind of mistake it makes. */
async function given(template: string): Promise<string> {
  try {
    return (await readTemplate(template)).render(MESSAGES, { today: null, characters: 100 }).text;
  } catch (error) {
    if (error instanceof TemplateError) return error.kind;
    throw error;
  }
}

// No clock is asked whether something ends soon: a step that nobody counts ends as a text instead of a mistake, or in minutes that everybody sees.

/** Two lists that hold one list twice, which holds one list twice, sixty deep. */
const TWICE = "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}";

for (const [name, template] of [
  ["loops in loops", "{% for i in range(99999) %}{% for j in range(99999) %}{{ i }}{% endfor %}{% endfor %}"],
  ["a range without end", "{% for i in range(10 ** 12) %}{% endfor %}"],
  ["a text that doubles", "{% set n = namespace(a='x') %}{% for i in range(200) %}{% set n.a = n.a + n.a %}{% endfor %}{{ n.a }}"],
  ["a list that doubles", "{% set n = namespace(a=[1]) %}{% for i in range(200) %}{% set n.a = n.a + n.a %}{% endfor %}"],
  ["a text many times", "{{ 'x' * 10 ** 9 }}"],
  ["a list many times", "{{ [1] * 10 ** 9 }}"],
  ["replacements that grow", "{{ s.replace('', 'x' * 100000).replace('', 'x' * 100000) }}"],
  ["blanks in front", "{{ s.zfill(10 ** 9) }}"],
  ["indents that grow", "{{ s | indent(10 ** 9, true) }}"],
  ["JSON that is indented far", "{{ messages | tojson(indent=10 ** 9) }}"],
  ["a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"],
  ["two that call one another", "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}"],
  ["lists in lists", "{% set n = namespace(a=[1]) %}{% for i in range(60000) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a }}"],
  ["a list that is compared with itself", "{% set n = namespace(a=range(3000)|list) %}{% for i in n.a %}{% if n.a == n.a %}{% endif %}{% endfor %}"],
  ["loops around nothing", "{% set r = range(100000) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}"],
  ["a list of itself twice, printed", `${TWICE}{{ n.a }}`],
  ["a list of itself twice, as JSON", `${TWICE}{{ n.a | tojson }}`],
  ["a list of itself twice, compared", `${TWICE}{{ n.a == n.b }}`],
  ["a list of itself twice, by size", `${TWICE}{{ n.a < n.b }}`],
  ["a list of itself twice, in a test", `${TWICE}{{ [n.a] | select('eq', n.b) | list }}`],
  ["a long text, looked at often", "{% set t = 'a' * 500000 %}{% for i in range(100000) %}{% if t is upper %}{% endif %}{% endfor %}"],
  ["a long text, sought in often", "{% set t = 'a' * 500000 %}{% for i in range(100000) %}{% if 'aab' in t %}{% endif %}{% endfor %}"],
  ["a long text, begun often", "{% set t = 'a' * 500000 %}{% for i in range(100000) %}{% for c in t %}{% break %}{% endfor %}{% endfor %}"],
  ["a long text, joined often", "{% set t = 'a' * 500000 %}{{ ([t] * 1000) | join }}"],
] as const) {
  test(`counted: ${name}`, async () => {
    assert.ok(["endless", "failed"].includes(await given(template)));
  });
}

for (const [name, template] of [
  ["brackets in brackets", `{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`],
  ["blanks before a statement", `{{ s }}${" ".repeat(390_000)}`],
  ["a large template", "x".repeat(500_000)],
  ["openers in texts", `{{ ${"'{{ ".repeat(90_000)}`],
  ["openers of comments", "{#".repeat(190_000)],
  ["a text of backslashes", `{% '${"\\".repeat(300_000)}`],
  ["a line of text that ends as a tag does", "{{ s }} 100%}\n{{ s }}"],
  ["ifs in ifs", "{% if s %}".repeat(20_000)],
  ["a block without an end", "{% for m in messages %}"],
  ["a text without an end", "{{ 'abc }}"],
  ["a comment without an end", "{# abc"],
  ["an unknown statement", "{% include 'x' %}"],
  ["an unknown filter", "{{ s | frob }}"],
  ["comparisons in a row", "{{ 1 < 2 < 3 }}"],
  ["values put into a text", "{{ '%s' % s }}"],
  ["a method nobody knows", "{{ '{}'.format(s) }}"],
] as const) {
  test(`not known: ${name}`, async () => {
    assert.is(await given(template), "unsupported");
  });
}

for (const [name, template] of [
  ["constructors", "{{ s.constructor }}|{{ messages.constructor }}|{{ messages[0].constructor }}|{{ messages[0]['constructor'] }}|{{ range.constructor }}"],
  ["prototypes", "{{ messages[0].toString }}|{{ messages[0]['hasOwnProperty'] }}|{{ s.length }}"],
] as const) {
  test(`out of reach: ${name}`, async () => assert.match(await given(template), /^\|+$/));
}

test("a macro that stands in a loop is looked through once", async () => {
  assert.is(await given(`{% for i in range(20000) %}{% macro f() %}${"x{{ a }}".repeat(20_000)}{% endmacro %}{% endfor %}ok`), "ok");
});

test("out of reach: what begins with two underscores, and what would change a list", async () => {
  for (const template of ["{{ s.__proto__ }}", "{{ range.__proto__ }}", "{{ messages.append(1) }}", "{{ messages[0].update({}) }}", "{% set n = namespace(__proto__=1) %}", "{{ ''.__class__.__mro__ }}", "{{ nothing.at }}", "{{ nothing() }}", "{{ process.exit() }}"]) assert.is(await given(template), "failed", template);
  assert.is(await given("{{ require }}{{ globalThis }}{{ process }}|{{ {'__proto__': 1} }}{{ {'constructor': 2}.constructor }}"), "|{'__proto__': 1}2");
});

test("every beginning of a template gives a text or a mistake of the template", async () => {
  const chats = join(import.meta.dirname, "../parity/chats");
  for (const family of ["qwen3", "llama3"]) {
    const template = readFileSync(join(chats, family, "chat_template.jinja"), "utf8");
    for (let at = 0; at < template.length; at += 3) await given(template.slice(0, at));
    for (let at = 0; at < template.length; at += 7) await given(template.slice(0, at) + template.slice(at + 5));
  }
});

test("templates of a folder are found as transformers finds them: files before the config, each by its name", async () => {
  const folder = ownFolder("saeq-chat-");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), "{}");
  const names = async (): Promise<readonly string[]> => (await readChat(folder)).templates.map(({ name, text }) => `${name}=${text}`);
  const config = (value: object): void => writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ bos_token: "<s>", eos_token: { content: "</s>" }, pad_token: null, ...value }));
  config({});
  assert.equal(await names(), []);
  assert.equal((await readChat(folder)).tokens, { bos_token: "<s>", eos_token: "</s>" });
  config({ chat_template: "a" });
  assert.equal(await names(), ["default=a"]);
  config({ chat_template: [{ name: "default", template: "a" }, { name: "rag", template: "b" }] });
  assert.equal(await names(), ["default=a", "rag=b"]);
  writeFileSync(join(folder, "chat_template.jinja"), "file");
  assert.equal(await names(), ["default=file"]);
  mkdirSync(join(folder, "additional_chat_templates"));
  writeFileSync(join(folder, "additional_chat_templates", "rag.jinja"), "more");
  writeFileSync(join(folder, "additional_chat_templates", "notes.txt"), "none");
  assert.equal(await names(), ["default=file", "rag=more"]);
  writeFileSync(join(folder, "chat_template.jinja"), Buffer.from([0xff, 0xfe]));
  for (const broken of [null, { chat_template: [{ name: "a" }] }, { chat_template: 5 }, { chat_template: [] }]) {
    if (broken !== null) {
      config(broken);
      writeFileSync(join(folder, "chat_template.jinja"), "");
      const { rmSync } = await import("node:fs");
      rmSync(join(folder, "chat_template.jinja"));
      rmSync(join(folder, "additional_chat_templates"), { recursive: true, force: true });
    }
    const error = await readChat(folder).then(() => null, (thrown: unknown) => thrown);
    assert.instance(error, CheckpointError);
    assert.is((error as CheckpointError).code, "bad-chat-template");
  }
  assert.ok(readdirSync(folder).length > 0);
});

test("days are read in two ways and printed as Python prints them", () => {
  assert.equal(["2024-07-26", "26 Jul 2024", "2 January 2025", "2024-02-30", "26 Foo 2024", "", "yesterday"].map(dayOf), ["2024-07-26", "2024-07-26", "2025-01-02", null, null, null, null]);
  assert.is(strftime("2025-01-02", "%d %b %Y|%B %-d, %Y|%A %a|%j %u %w %y %m|%H:%M:%S|%%"), "02 Jan 2025|January 2, 2025|Thursday Thu|002 4 4 25 01|00:00:00|%");
});

test.run();
