/** Without this file some text might crash a phase that people type into. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { open } from "../session/open.ts";
import { pairings } from "./pairings.ts";

/** `FUZZ=16000` is what CI tries. */
const COUNT = Number(process.env["FUZZ"] ?? 3_000);
const random = seedrandom("fuzz");
const int = (most: number): number => Math.floor(random() * most);
const pick = <T>(from: readonly T[]): T => from[int(from.length)]!;

const WORDS = ["sample", "perfect", "acts", "layer", "7", "|", "top", "10", "where", "(", ")", "[", "]", "{", "}", ",", "=", "==", "<", "and", "or", "not", "let", "def", "param", "use", "set", "seed", "$n", "x", ":", "int", "\"a\"", "'b", "`c`", "-", "+", "..", ".", "^", "%", "\n", ";", "#", "##", "in", "=~", "null", "true", "desc", "count(", "tee", "groups", "split", "1e9", "50%", "é", "😀", "\u202e", "\0", "\u{d800}"];
const CASES = filesBelow("test/corpus").filter((name) => name.endsWith(".saeq")).map((name) => readFileSync(join(ROOT, name), "utf8"));

/** What comes first: each word behind each other one, with a blank between them and without. */
const BESIDE = ["", " "].flatMap((between) => pairings(WORDS, 30, between));

function soup(): string {
  return Array.from({ length: 1 + int(30) }, () => pick(WORDS)).join(pick(["", " ", " "]));
}
function mutated(): string {
  let text = pick(CASES);
  for (let times = 1 + int(4); times > 0; times--) {
    const at = int(text.length + 1);
    text = pick([
      () => text.slice(0, at) + text.slice(at + 1 + int(8)),
      () => text.slice(0, at) + pick(WORDS) + text.slice(at),
      () => text.slice(0, at) + text.slice(int(text.length)),
      () => text + pick(CASES).slice(0, int(80)),
    ])();
  }
  return text;
}
function noise(): string {
  return Buffer.from(Array.from({ length: int(200) }, () => int(256))).toString(pick(["utf8", "latin1", "utf16le"]));
}

/** Most mistakes are made in what was right before. */
const KINDS = [soup, noise, ...Array.from({ length: 6 }, () => mutated)];

test(`${COUNT} inputs: no phase throws, places lie inside the text, and what is printed parses`, async () => {
  const session = await open({ interactive: true });
  for (let i = 0; i < COUNT; i++) {
    const text = BESIDE[i] ?? pick(KINDS)();
    try {
      const parsed = parse(text);
      if (parsed.diagnostics.length === 0) assert.is(parse(print(parsed.script)).diagnostics.length, 0);
      const { diagnostics } = await session.check({ name: "fuzz", text });
      for (const each of diagnostics) {
        assert.ok(each.span.start >= 0 && each.span.start <= each.span.end && each.span.end <= text.length, JSON.stringify(each));
        const rendered = renderDiagnostic(each, { name: "fuzz", text }, { color: false, width: 80 });
        assert.not.match(rendered, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }
      // Ten errors are told, and of warnings as many beside them.
      const errors = diagnostics.filter(({ severity }) => severity === "error").length;
      assert.ok(errors <= 10 && diagnostics.length - errors <= 10, `${errors} of ${diagnostics.length}`);
      session.complete(text, int(text.length + 1));
    } catch (error) {
      throw new Error(`on ${JSON.stringify(text)}`, { cause: error });
    }
  }
  await session.close();
});

test("100,000 nested brackets are an error like any other", async () => {
  const session = await open();
  for (const open_ of ["(", "[", "{", "tee ("]) {
    const { diagnostics } = await session.check({ name: "deep", text: `perfect | where ${open_.repeat(100_000)}` });
    assert.ok(diagnostics.some((each) => each.code === "nesting-too-deep" || each.severity === "error"));
  }
  await session.close();
});

test.run();
