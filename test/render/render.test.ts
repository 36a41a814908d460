/** Without this file what people see could change, overflow or lose its meaning without colour. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import stringWidth from "string-width";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shortNumber } from "../../repl/render/number.ts";
import type { RenderOptions } from "../../repl/render/options.ts";
import { renderTable } from "../../repl/render/table.ts";
import { renderValue } from "../../repl/render/value.ts";
import type { ContextWindow, Dense, Groups, Value } from "../../runtime/data/frame.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { acts, passages, plot, tokens, topFeatures } from "./samples.ts";

const dense: Dense = { kind: "dense", tokens, rows: acts.rows, taps: [{ layer: 3, hook: "resid_post", width: 2, values: Float32Array.from({ length: 14 }, (_, i) => i / 2) }] };
const samples: Readonly<Record<string, { value: Value; more?: Partial<RenderOptions> }>> = {
  table: { value: passages, more: { rows: 6 } },
  features: { value: topFeatures },
  tokens: { value: tokens },
  acts: { value: acts },
  dense: { value: dense },
  overlay: { value: plot },
  log_ascii: { value: { ...plot, log: true }, more: { ascii: true } },
  apart: { value: { ...plot, overlay: false } },
  text: { value: { kind: "text", text: "two lines\nof \u001b[1mtext" } },
};

/** Compared with the committed file; UPDATE=1 rewrites it. */
function golden(name: string, found: string): void {
  const path = new URL(`golden/${name}.txt`, import.meta.url);
  if (process.env["UPDATE"] === "1") (mkdirSync(new URL("golden/", import.meta.url), { recursive: true }), writeFileSync(path, `${found}\n`));
  assert.fixture(`${found}\n`, readFileSync(path, "utf8"));
}

for (const width of [100, 60, 38]) {
  for (const [name, { value, more }] of Object.entries(samples)) {
    const options = { width, color: false, ...more };
    test(`${name} at ${width} columns`, () => {
      const text = renderValue(value, `${name} · header`, options);
      golden(`${name}.${width}`, text);
      for (const line of text.split("\n")) assert.ok(stringWidth(line) <= width, line);
      assert.not.ok(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(text), "no control characters, hence no colour");
    });
  }
}

test("in a window a plan is broken at words, and its branches stay branches", () => {
  const text = "as run\n  rank 3 by count  : features\n  └─ forward kjv: layer 7 resid_post; all blocks; every token  : dense\n     └─ read csv  : table";
  const value = { kind: "text", text } as const;
  assert.is(renderValue(value, "", { width: 40, color: false, window: true }), "as run\n  rank 3 by count  : features\n  └─ forward kjv: layer 7 resid_post;\n       all blocks; every token : dense\n     └─ read csv  : table");
  assert.is(renderValue(value, "", { width: 40, color: false }), text);
  assert.is(renderValue(value, "", { width: 40, color: false, window: true, wide: true }), text);
});

test("no width between 10 and 120 overflows", () => {
  for (let width = 10; width <= 120; width++) {
    for (const [name, { value, more }] of Object.entries(samples)) {
      if (name === "text") continue;
      for (const line of renderValue(value, "a long header of one line that says what this is", { width, color: false, ...more }).split("\n")) {
        assert.ok(stringWidth(line) <= width, `${name} at ${width}: ${line}`);
      }
    }
  }
});

test("colour is the caller's word and changes no text", () => {
  const plain = renderValue(plot, "h", { width: 80, color: false });
  const coloured = renderValue(plot, "h", { width: 80, color: true });
  assert.match(coloured, "\u001b[36m");
  assert.is(coloured.replace(/\u001b\[\d+m/g, ""), plain);
});

test("ascii marks are ascii", () => {
  const table = createTable("t", Array.from({ length: 30 }, (_, i) => createColumn(`column${i}`, "int", Array.from({ length: 50 }, (_, row) => row))));
  for (const value of [plot, { ...plot, overlay: false }, table] satisfies Value[]) {
    for (const width of [30, 80]) assert.ok(/^[\n -~]*$/.test(renderValue(value, "h", { width, color: false, ascii: true })));
  }
});

test("rows, dropped columns, wide", () => {
  const table = createTable("t", Array.from({ length: 12 }, (_, i) => createColumn(`column${i}`, "int", Array.from({ length: 1000 }, (_, row) => row * 1e6))));
  const lines = renderTable(table, { width: 60, color: false }).split("\n");
  assert.is(lines.filter((line) => line.startsWith("… 980 more rows")).length, 1);
  assert.match(lines.at(-1)!, /column11$/);
  assert.match(lines.join("\n"), /\n\+\d columns: column/);
  assert.is(renderTable(table, { width: 60, color: false, wide: true }).split("\n")[0]!.split(/ +/).filter((word) => word !== "").length, 12);
  assert.match(renderTable(createTable("t", [createColumn("a", "int", [])]), { width: 60, color: false }), "no rows");
});

test("windows of groups stand below each other, at any width", () => {
  const window: ContextWindow = { layer: 7, feature: 3, row: 0, position: 1, activation: 2, pieces: ["In", " the", " beginning"], activations: [0, 2, 1], firing: 1 };
  const member = (name: string): Groups["members"][number] => ({ name, value: { ...createTable("t", [createColumn("feature", "int", [3])]), windows: [window] } });
  for (const width of [20, 60, 100, 300]) {
    const text = renderValue({ kind: "groups", members: [member("a"), member("b")] }, "", { width, color: false });
    assert.is(text.match(/^feature 3: 1 window$/gm)?.length, 2);
    for (const line of text.split("\n")) assert.ok(stringWidth(line) <= width, line);
  }
});

test("cells cannot move the cursor or flood the screen", () => {
  const accents = `a${"\u0301".repeat(10_000)}b`;
  const family = "👨‍👩‍👧 wide 漢字";
  const table = createTable("t", [createColumn("a", "str", [accents, family, "x\u001b]52;c;AAAA\u0007y", "line\nline", "x".repeat(2_000_000)]), createColumn("b", "int", [1, 2, 3, 4, 5])]);
  const lines = renderTable(table, { width: 60, color: false }).split("\n");
  assert.ok(lines.every((line) => line.length < 200));
  assert.ok(lines.slice(2).every((line) => stringWidth(line) === stringWidth(lines[2]!)), "aligned");
  assert.match(lines[5]!, "line␤line");
});

test("numbers", () => {
  assert.equal([0, 1, 41.2345, 0.05, 123456.7, 12345678901234567, 0.00001234, -2.5, 99995, 0.99996, Number.NaN].map((value) => shortNumber(value)), ["0", "1", "41.23", "0.05", "123457", "1.235e+16", "1.234e-5", "-2.5", "99995", "1", "NaN"]);
  assert.is(shortNumber(Math.PI, 7), "3.141593");
});

test.run();
