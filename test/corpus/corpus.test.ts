/** Without this file no case would be followed through every phase at once. `UPDATE=1` rewrites the goldens. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { CODES } from "../../grammar/codes.ts";
import { parse } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import type { Column, Value } from "../../runtime/data/frame.ts";
import { toTable } from "../../runtime/data/to_table.ts";
import type { Plan } from "../../src/ops/op.ts";
import { printPlan } from "../../src/plan/print.ts";
import { RULES } from "../../src/optimize/rules.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { bits, open, run } from "../session/open.ts";

/** `PREFIX_STEP=1` is what CI tries: every prefix of every case. */
const PREFIX_STEP = Number(process.env["PREFIX_STEP"] ?? 3);
const CASES = filesBelow("test/corpus").filter((name) => name.endsWith(".saeq"));

/** Floats to three digits: goldens are for people and other machines, bits have tests of their own. */
function cell(column: Column, row: number): string {
  if (column.valid !== null && column.valid[row] === 0) return "null";
  const value = column.values[row]!;
  if (column.type === "float") return String(Number(Number(value).toPrecision(3)));
  return column.type === "bool" ? String(value === 1) : String(value);
}

/** Mistakes of the world outside, which a fix lets be seen. */
const REVEALED: ReadonlySet<string> = new Set(["missing-file"]);

function shown(value: Value): string {
  if (value.kind === "text") return value.text.replace(/stream \S+/g, "stream …");
  const table = toTable(value);
  const lines = Array.from({ length: Math.min(table.rows, 12) }, (_, row) => table.columns.map((column) => cell(column, row).slice(0, 40)).join(" | "));
  return [`${value.kind}: ${table.rows} rows`, table.columns.map(({ name, type }) => `${name}:${type}`).join(" | "), ...lines].join("\n");
}

/** A plan without the hash of what a sample depends on. */
function drawn(plan: Plan): string {
  const text = printPlan(plan).replace(/stream \S+/g, "stream …");
  return text.length > 4000 ? `${text.slice(0, 4000)}…` : text;
}

function sections(parts: Readonly<Record<string, string>>): string {
  return `${Object.entries(parts).filter(([, text]) => text !== "").map(([name, text]) => `== ${name} ==\n${text}`).join("\n")}\n`;
}

/** Where this tree lies is no matter of a case. */
const anywhere = (told: Diagnostic): Diagnostic => (told.notes === undefined ? told : { ...told, notes: told.notes.map((note) => note.replaceAll(EXAMPLES, "<examples>/")) });

for (const name of CASES) {
  test(name, async () => {
    const text = readFileSync(join(ROOT, name), "utf8");
    const parsed = parse(text);
    const formatted = print(parsed.script);
    if (parsed.diagnostics.length === 0) assert.is(print(parse(formatted).script), formatted, "formatting is idempotent");
    const session = await open({ measured: false });
    const { compiled } = await session.check({ name, text });
    const { outcome, values, notices } = await run(session, text);
    await session.close();
    const plain = await open({ rules: [], measured: false });
    const unoptimised = await run(plain, text);
    await plain.close();
    if (!text.includes("explain")) assert.equal(bits(unoptimised.values), bits(values), `rules ${RULES.map((rule) => rule.name).join(", ")} change nothing`);
    const golden = sections({
      format: parsed.diagnostics.length === 0 && formatted.trimEnd() !== text.trimEnd() ? formatted.trimEnd() : "",
      diagnostics: outcome.diagnostics.map((each) => renderDiagnostic(anywhere(each), { name: "case.saeq", text }, { color: false, width: 100 }).trimEnd()).join("\n\n"),
      plan: (compiled?.pipelines ?? []).map((each) => drawn(each.written)).join("\n\n"),
      optimized: (compiled?.pipelines ?? []).map((each) => drawn(each.plan)).filter((plan, i) => plan !== drawn(compiled!.pipelines[i]!.written)).join("\n\n"),
      notices: notices.join("\n"),
      result: values.map(shown).join("\n\n"),
      exit: String(outcome.exitCode),
    });
    const file = join(ROOT, name.replace(/\.saeq$/, ".golden"));
    if (process.env["UPDATE"] === "1" || !existsSync(file)) {
      assert.ok(process.env["UPDATE"] === "1", `${name} has no golden: UPDATE=1 writes it`);
      writeFileSync(file, golden);
    }
    assert.fixture(golden, readFileSync(file, "utf8"));
  });
}

test("a fix that is offered mends what it is offered for and makes no other mistake, in every case", async () => {
  const session = await open({ measured: false });
  let tried = 0;
  for (const name of CASES) {
    const text = readFileSync(join(ROOT, name), "utf8");
    const diagnosed = async (of: string): Promise<readonly Diagnostic[]> => (await session.check({ name, text: of })).diagnostics;
    const before = await diagnosed(text);
    for (const diagnostic of before) {
      const { fix } = diagnostic;
      if (fix === undefined) continue;
      tried++;
      const fixed = text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
      const grown = fix.text.length - (fix.span.end - fix.span.start);
      const place = (at: number): number => (at < fix.span.end ? at : at + grown);
      const found = await diagnosed(fixed);
      const left = found.find(({ code, message, span }) => code === diagnostic.code && message === diagnostic.message && span.start === place(diagnostic.span.start));
      assert.is(left, undefined, `${name}: ${diagnostic.message}`);
      const made = found.filter(({ severity, span }) => severity === "error" && span.start < fix.span.start + fix.text.length && span.end > fix.span.start && span.end - span.start <= fix.text.length);
      const within = made.filter(({ code, message }) => !REVEALED.has(code) && !before.some((each) => each.code === code && each.message === message));
      assert.equal(within.map(({ code, message }) => `${code}: ${message}`), [], `${name}: ${diagnostic.message} → ${fixed}`);
    }
  }
  await session.close();
  assert.ok(tried > 50, `only ${tried} were tried`);
});

test("no fix leaves the text as it was, also where a word is missing, or stands twice", async () => {
  const session = await open({ measured: false });
  let tried = 0;
  const texts = CASES.map((name) => readFileSync(join(ROOT, name), "utf8")).filter((text) => text.length < 500);
  for (const text of [...texts, ...Object.values(CODES).map(({ trigger }) => trigger)]) {
    const words = [...text.matchAll(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)];
    const changed = words.filter((_, i) => i % 3 === 0 || words[i]![0] === "|").flatMap(({ 0: word, index }) => [text.slice(0, index) + text.slice(index + word.length), `${text.slice(0, index)}${word} ${text.slice(index)}`]);
    for (const each of [text, ...changed]) {
      for (const { fix, message } of (await session.check({ name: "t", text: each })).diagnostics) {
        if (fix === undefined) continue;
        tried++;
        assert.is.not(each.slice(0, fix.span.start) + fix.text + each.slice(fix.span.end), each, message);
      }
    }
  }
  await session.close();
  assert.ok(tried > 500, `only ${tried} were tried`);
});

test("no phase throws on any prefix of any case", async () => {
  const session = await open({ measured: false });
  // Cases begin alike: what several begin with is tried once.
  const tried = new Set<string>();
  for (const name of CASES) {
    const text = readFileSync(join(ROOT, name), "utf8");
    for (let end = 0; end <= text.length; end += PREFIX_STEP) {
      const prefix = text.slice(0, end);
      if (tried.has(prefix)) continue;
      tried.add(prefix);
      await session.check({ name, text: prefix });
      session.complete(prefix, end);
    }
  }
  await session.close();
});

test.run();
