/** Without this file text from data, models, files and arguments might reach a terminal as commands to it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import seedrandom from "seedrandom";
import stringWidth from "string-width";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { visible } from "../../grammar/visible.ts";
import { parseArguments } from "../../repl/arguments.ts";
import { openAudit } from "../../repl/audit.ts";
import { openDialogue } from "../../repl/dialogue.ts";
import { htmlPage } from "../../repl/export/html.ts";
import { inText, markdownText } from "../../repl/export/markdown.ts";
import { notebookText } from "../../repl/export/notebook.ts";
import { outputOf } from "../../repl/export/outputs.ts";
import type { Report } from "../../repl/export/report.ts";
import { highlight } from "../../repl/highlight.ts";
import { edit, emptyLine } from "../../repl/line.ts";
import { liveProgress } from "../../repl/live_progress.ts";
import { perform } from "../../repl/main.ts";
import { ask } from "../../repl/permission_prompt.ts";
import { renderValue } from "../../repl/render/value.ts";
import { showRows } from "../../repl/show.ts";
import { initialState, type State } from "../../repl/state.ts";
import type { Shop } from "../../repl/subcommands/shop.ts";
import { say, sayBug } from "../../repl/talk.ts";
import { lineParts } from "../../repl/views/line_parts.ts";
import { screen } from "../../repl/views/screen.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { renderSvg } from "../../runtime/plot/vega.ts";
import { createSession } from "../../runtime/session/session.ts";
import { pairings } from "../generated/pairings.ts";
import { SAEQ } from "../house/program.ts";
import { createSession as createFake } from "./fake_session.ts";

/** `FUZZ=16000` is what CI tries. */
const COUNT = Number(process.env["FUZZ"] ?? 1_500);
/** Slower paths see one string of so many. */
const SELDOM = 16;
const RARELY = 120;
/** A drawing takes a tenth of a second, and so does a question. */
const DRAWN = 1600;
const random = seedrandom("terminal safety");
const int = (most: number): number => Math.floor(random() * most);
const pick = <T>(from: readonly T[]): T => from[int(from.length)]!;

/** Each kind of harm that text has done to terminals, and what is needed to hide it. */
const HARM = [
  "\x1b[2J", "\x1b[3J", "\x1b[31m", "\x1b[6n", "\x1b[?1049h", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;aGk=\x07", "\x1bPq#0\x1b\\", "\x1b_Gf=100\x1b\\", "\x1b^pm\x1b\\", "\x1bc", "\x1b",
  "\x9b2J", "\x9d0;t\x9c", "\x90q\x9c", "\x85", "\x07", "\b\b\b", "\r", "\r\n", "\n", "\v", "\f", "\t", "\0", "\x7f", "\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u3164", "\ufff9",
  "\u{e0041}", "\u{e007f}", "\u{1d173}", "\ud800", "\udc00", "e\u0301", `a${"\u0301".repeat(40)}`, "日本", "😀", "👩‍👩‍👧", "🇫🇷", "\ufe0f", "ﷺ", "가", "\\", "\"", "'", "`", "|", "a", "word", " ", "=", "..",
];

/** What comes first: each harm behind each other one, at least once. */
const BESIDE = pairings(HARM, 12);

function hostile(): string {
  const kind = int(60);
  if (kind < 6) return Buffer.from(Array.from({ length: int(60) }, () => int(256))).toString(pick(["utf8", "latin1", "utf16le"]));
  if (kind === 6) return `a${"\u0301".repeat(10_000)}`.slice(0, 1 + int(10_000));
  return Array.from({ length: 1 + int(12) }, () => pick(HARM)).join("");
}

// Written down here and not taken from the code under test. A line end is the only control character that is ours.
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}|\p{M}{33}/u;

function harmless(text: string, from: string, where: string): void {
  const found = UNSAFE.exec(text);
  if (found !== null) assert.unreachable(`${where} lets ${JSON.stringify(found[0])} through, from ${JSON.stringify(from)}: ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 40))}`);
}

const plain = { color: false, width: 80, ascii: false, tty: true };
const folder = mkdtempSync(join(tmpdir(), "saeq-safety-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function collect(): { readonly stream: NodeJS.WriteStream; text(): string } {
  let all = "";
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  stream.on("data", (chunk: Buffer) => (all += chunk.toString()));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => all };
}

function tables(text: string): void {
  const table = createTable(text, [createColumn(text || "x", "str", [text, "plain", null]), createColumn("number", "int", [1234567, 1, 12])]);
  const width = pick([20, 45, 80]);
  const shown = renderValue(table, `header ${text} · ${text}`, { width, color: false, ascii: int(2) === 0 });
  harmless(shown, text, "a table");
  const lines = shown.split("\n");
  for (const line of lines) assert.ok(stringWidth(line) <= width, `${stringWidth(line)} of ${width} columns: ${JSON.stringify(line)}`);
  // The last column is one of numbers: they end where its rule ends.
  const rule = lines.findIndex((line) => /^[─-]+ {2}[─-]+$/.test(line));
  if (rule >= 0 && lines[rule - 1]?.endsWith("number") === true) for (const line of lines.slice(rule + 1, rule + 4)) assert.is(stringWidth(line), stringWidth(lines[rule]!), `misaligned: ${JSON.stringify(lines)}`);
  if (int(4) > 0) return;
  drawings(text, width);
  const groups = { kind: "groups", members: [{ name: text, value: table }, { name: "b", value: table }] } as const;
  harmless(renderValue(groups, text, { width: 80, color: false }), text, "groups");
  harmless(renderValue({ kind: "text", text }, text, { width: 80, color: false }), text, "a text");
}

function drawings(text: string, width: number): void {
  const window = { feature: 1, layer: 7, activation: 2, row: 0, position: 1, pieces: [text, `b${text}`, "c"], firing: 1, activations: [1, 2, null] };
  const table = createTable(text, [createColumn("x", "str", [text, `${text}b`, "c"]), createColumn("n", "int", [3, -1, 2]), createColumn("s", "str", ["a", text, text])]);
  const ascii = int(2) === 0;
  const drawn = [
    renderValue({ ...table, windows: [window, window, { ...window, firing: 0 }] }, text, { width, color: false, ascii }),
    ...(["bars", "line", "scatter", "heat"] as const).map((mark) => renderValue({ kind: "chart", mark, title: text, x: "x", y: mark === "heat" ? "s" : "n", color: mark === "heat" ? "n" : "s", table }, text, { width, color: false, ascii, spoken: int(5) === 0 })),
  ];
  for (const each of drawn) {
    harmless(each, text, "a drawing");
    for (const line of each.split("\n")) assert.ok(stringWidth(line) <= width, `${stringWidth(line)} of ${width} columns: ${JSON.stringify(line)}`);
  }
}

function talk(text: string): void {
  const source = { name: text, text: `sample ${text} | actz` };
  const diagnostic: Diagnostic = { code: "unknown-stage", severity: "error", span: { start: 3, end: 3 + int(source.text.length) }, message: text, label: text, notes: [text], help: text, fix: { span: { start: 0, end: 2 }, text } };
  const said = [
    say({ kind: "finished", stage: text, elapsedMs: 5, detail: text }, plain), say({ kind: "notice", text }, plain), say({ kind: "saved", path: text, detail: text }, plain),
    say({ kind: "diagnostic", diagnostic, source }, plain), say({ kind: "diagnostic", diagnostic: { ...diagnostic, code: "cancelled" }, source }, plain), sayBug(new Error(text), plain), sayBug(text, plain),
  ];
  for (const each of said) harmless(each, text, "talk");
}

function views(text: string): void {
  const typed = edit(edit(emptyLine(), { do: "paste", text }), { do: "insert", text });
  const item = { text, detail: text, kind: "column" } as const;
  const base = { ...initialState([edit(emptyLine(), { do: "set", text }).text, `x${typed.text}`]), line: typed, hint: "advice", queue: [typed.text] };
  const event = { kind: "progress", stage: text, documents: 3, totalDocuments: 9, tokens: 10, totalTokens: 90, elapsedMs: 900, tokensPerSecond: 10, etaSeconds: 3 } as const;
  const running = { text, since: 0, now: 5000, progress: [event], stopping: 1 };
  const wrong = { severity: "error", code: "unknown-stage", message: text, label: text, help: text, span: { start: 0, end: 1 }, ...(int(2) === 0 ? {} : { fix: { span: { start: 0, end: 1 }, text } }) } as const;
  const found = { ...base, findings: { text: typed.text, diagnostics: [wrong, wrong], mended: text } };
  const folded = { ...base, fold: { from: 0, text: typed.text } };
  const state: State = pick<State>([found, folded, { ...base, running }, { ...base, menu: { items: [item, item], selected: 0, from: 0, to: 0, before: typed, signature: text } }, { ...base, search: { query: typed.text, index: 0 } }]);
  const width = pick([20, 80]);
  const seen = lineParts(state, highlight);
  const view = screen(state, seen.parts, seen.caret, text, { ...plain, width }, 24);
  const rows = [...view.status, ...view.prompt, ...view.below];
  // What joins emoji and some scripts may be typed.
  harmless(rows.join("\n").replace(/[\u200c\u200d]/g, ""), text, "the live region");
  for (const row of rows) assert.ok(stringWidth(row) <= width, `${stringWidth(row)} of ${width} columns: ${JSON.stringify(row)}`);
}

async function streams(text: string): Promise<void> {
  const table = createTable("t", [createColumn("x", "str", [text, "b"])]);
  for (const format of ["csv", "jsonl", "json", "tsv"] as const) {
    const out = collect();
    await showRows(table, format, out.stream);
    // JSON is data to its last accent, however many there are.
    harmless(format === "tsv" ? out.text().replaceAll("\t", "") : format === "csv" ? out.text() : out.text().replace(/\p{M}+/gu, ""), text, format);
    if (format === "json") assert.equal(JSON.parse(out.text()), [{ x: text }, { x: "b" }]);
  }
  const err = collect();
  const progress = liveProgress(err.stream, { ...plain, tty: false }, true);
  progress.show({ kind: "progress", stage: text, documents: 3, totalDocuments: 9, tokens: 10, totalTokens: 90, elapsedMs: 20_000, tokensPerSecond: 10, etaSeconds: 3 });
  harmless(err.text(), text, "progress");
}

async function commands(text: string): Promise<void> {
  const printed: string[] = [];
  const dialogue = openDialogue({ open: () => createFake({ readFrom: folder, writeTo: folder, grants: { read: true, write: true }, params: {}, settings: {}, interactive: true }), look: () => plain, cwd: folder, settings: {}, view: { mode: "table", rows: null, wide: false, time: false } });
  const turn = { signal: new AbortController().signal, print: (one: string) => void printed.push(one), onProgress: () => undefined };
  for (const line of [`.${text}`, `.help ${text}`, `.load ${text}.saeq`, `.save ${text}`, `.save ${text}/x.saeq`, `.set ${text.replace(/\s/g, "")}`, `.open ${text}`, `.open ${text}.csv`, `.log ${text}/x`, `.copy ${text}`, `.edit ${text}`, `.theme ${text}`, `.graphics ${text}`, `.cache ${text}`, `.models ${text}`, `.mode ${text}`, `.rows ${text}`, `?${text}`, `note ${text}`]) await dialogue.submit(line, turn);
  await dialogue.close();
  harmless(printed.join("\n"), text, "a dot command");
}

/** What leaves for other programs than a terminal: pages, Markdown, notebooks, drawings, the audit, and the question about permissions. */
async function papers(text: string, drawn: boolean): Promise<void> {
  const table = createTable(text, [createColumn(text || "x", "str", [text, "b", null]), createColumn("n", "int", [3, -1, 2])]);
  const chart = { kind: "chart", mark: "bars", title: text, x: text || "x", y: "n", color: null, table } as const;
  const output = await outputOf({ kind: "result", value: drawn ? chart : table, header: text, display: { rows: null, wide: false, quiet: false }, index: 1, last: true });
  const facts = { [text]: text };
  const report: Report = { title: text, cells: [{ prose: text, source: text, outputs: [output] }], notes: [text], stale: [text], provenance: { script: "0", versions: { saeq: "1" }, platform: "x", data: facts, models: facts, saes: facts, seed: { value: text, given: true }, settings: facts } };
  const page = htmlPage(report);
  // The viewer is Vega's own bytes, and no text of the data.
  harmless(page.replace(/<script>[\s\S]*?<\/script>/, "").replaceAll(/\p{M}+/gu, ""), text, "a page");
  assert.is(page.match(/<script>/g)?.length ?? 0, drawn ? 1 : 0, JSON.stringify(text));
  harmless(markdownText(report, inText), text, "Markdown");
  harmless(notebookText(report), text, "a notebook");
  if (drawn) {
    const svg = await renderSvg(chart);
    harmless(svg, text, "an SVG");
    assert.not.match(svg, /<(?:script|foreignObject|iframe|image|a|style)\b|\son\w+=(?=(?:[^"]*"[^"]*")*[^"]*>)/, JSON.stringify(text));
  }
  const audit = openAudit("audit.jsonl", folder);
  audit({ use: "read", path: text, granted: false });
  // A question waits for what was typed before it.
  if (!drawn) return;
  const err = collect();
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => stdin }) as unknown as NodeJS.ReadStream & PassThrough;
  err.stream.once("data", () => stdin.end("d"));
  await ask(text, { read: [`/w/${text.replaceAll("\0", "")}`], write: [], net: [text] }, "/w", { stdin, stderr: err.stream }, visible, text);
  harmless(err.text(), text, "the question about permissions");
}

const scripts = (text: string): readonly string[] => [
  `## ${text.replace(/[\r\n]/g, " ")}\nparam n: int = 1\nmemorization | take $n\n`,
  `csv ${JSON.stringify(text)} | take 3 | save ${JSON.stringify(`${text}.csv`)}\n`,
  `let a = ${text}\n${text} | acts ${text}`,
  `memorization | where input_text == ${JSON.stringify(text)} | take 1 # ${text.replace(/[\r\n]/g, " ")}\n`,
];

/** Every subcommand that prints something of a script, on scripts made of the text, and of what it is asked for. */
async function subcommands(text: string): Promise<void> {
  const file = join(folder, "hostile.saeq");
  // No argument of a program holds a NUL: the system ends it there.
  const word = text.replaceAll("\0", "");
  for (const argv of [["check", `${word}.saeq`], ["doc", word], ["explain", word], ["run", `${word}.saeq`], ["info", `x${word}`]]) await subcommand(argv, text, "");
  for (const script of scripts(text)) {
    writeFileSync(file, script);
    writeFileSync(join(folder, "hostile_test.saeq"), script);
    for (const argv of [["check", file], ["check", "--json", file], ["lint", file], ["lint", "--json", file], ["info", file], ["info", "--json", file], ["doc", file], ["run", file, "--help"], ["run", file], ["fmt", "-"], ["explain", file], ["explain", "--phase", "all", file], ["test", join(folder, "hostile_test.saeq")]]) await subcommand(argv, text, script);
  }
}

async function subcommand(argv: readonly string[], text: string, script: string): Promise<void> {
  const streams = { stdin: new PassThrough(), out: collect(), err: collect() };
  streams.stdin.end(script);
  const request = parseArguments(argv, { version: "1", piped: true });
  if (request.kind === "say") return;
  const shop = { argv, cwd: folder, options: { ...request.options, prompt: false, cache: false }, stdin: streams.stdin, stdout: streams.out.stream, stderr: streams.err.stream, dataLook: plain, talkLook: plain, createSession } as unknown as Shop;
  await perform(request, shop);
  // As in `streams`: JSON keeps every accent.
  const said = argv.includes("--json") ? streams.out.text().replace(/\p{M}+/gu, "") : streams.out.text();
  harmless(said + streams.err.text(), text, `saeq ${argv[0]!} ${argv[1]!.startsWith("-") ? argv[1]! : ""}`);
}

test(`${COUNT} strings that would take over a terminal are only ever seen, and no row is wider or out of line`, async () => {
  for (let i = 0; i < COUNT; i++) {
    const text = BESIDE[i] ?? hostile();
    tables(text);
    talk(text);
    views(text);
    if (i % SELDOM === 0) {
      await streams(text);
      await commands(text);
      await papers(text, i % DRAWN === 0);
    }
    if (i % RARELY === 0) await subcommands(text);
  }
});

test("every line of an audit is one line, and says what was used", () => {
  const lines = readFileSync(join(folder, "audit.jsonl"), "utf8").trimEnd().split("\n");
  assert.ok(lines.length > COUNT / SELDOM / 2);
  for (const line of lines) harmless(line.replaceAll(/\p{M}+/gu, ""), line, "an audit");
  assert.equal(new Set(lines.map((line) => (JSON.parse(line) as { readonly use: string }).use)), new Set(["read"]));
});

test("mistakes in the command line, in a process of its own", () => {
  const text = HARM.filter((one) => !one.includes("\0")).join("");
  for (const argv of [[text], ["eval", "--format", text], ["doc", `--${text}`], ["run", `${text}.saeq`], ["--seed", text]]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [SAEQ, ...argv], { encoding: "utf8", cwd: folder, input: "", env: { ...process.env, NO_COLOR: "1", SAEQ_CACHE: "off" } });
    assert.not.equal(status, 0);
    assert.ok(stderr.length > 0);
    harmless(stdout + stderr, text, `saeq ${argv[0]!.slice(0, 6)}`);
  }
});

test.run();
