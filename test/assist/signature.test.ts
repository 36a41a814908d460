/** Without this file the usage shown while typing could mark the wrong argument. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../../src/assist/analyse.ts";
import { completeAt, signatureIn } from "../../src/assist/complete_script.ts";
import { settled } from "./around.ts";

const HEAD = "## The first rows.\ndef first(x: table, k: int = 2, by: str = \"a\") = x | take $k\nlet mine = perfect\n";
const around = await settled(HEAD);

/** The part of the signature that is marked at `^`, or null without a signature; "" where nothing is marked. */
function marked(text: string): string | null {
  const whole = HEAD + text;
  const found = signatureIn(analyse(whole.replace("^", ""), around), whole.indexOf("^"));
  if (found === null) return null;
  const part = found.active === null ? undefined : found.parameters[found.active];
  return part === undefined ? "" : found.label.slice(part.start, part.end);
}

test("the argument that comes next is marked", () => {
  assert.is(marked("mine | sample ^"), "<n>");
  assert.is(marked("sample mine ^"), "<n>");
  assert.is(marked("mine | sample 3 ^"), "");
  assert.is(marked("mine | acts layer ^"), "layer <int>");
  assert.is(marked("mine | acts layer 7 last ^"), "[last <int>]");
  assert.is(marked("mine | derive a = matching_tokens,^"), "<columns>");
});

test("the argument that is being typed is marked", () => {
  assert.is(marked("mine | acts layer 7^"), "layer <int>");
  assert.is(marked("mine | where matching_tokens > ^"), "<condition>");
  assert.is(marked('csv "a^'), "<path>");
  assert.is(marked("mine | tee (where ^"), "<condition>");
});

test("stages of a script have signatures too", () => {
  assert.is(marked("mine | first k ^"), "[k <int>]");
  assert.is(marked("first mine by ^"), "[by <text>]");
});

test("in the body of a def its inputs are known", () => {
  const offered = (text: string): readonly string[] => {
    const whole = HEAD + text;
    return completeAt(analyse(whole.replace("^", ""), around), whole.indexOf("^")).items.map((item) => item.text);
  };
  assert.ok(offered("def g(rows: table, most: int = 2) = rows | take $^").includes("$most"));
  assert.ok(offered("def g(rows: table, most: int = 2) = ^").includes("rows"));
  assert.not.ok(offered("def g(rows: table, most: int = 2) = rows | take 1\n^").includes("rows"));
  assert.is(marked("def g(rows: table) = rows | take ^"), "<n>");
});

test("inside a call the function is shown", () => {
  assert.is(marked("mine | where quantile(matching_tokens, ^"), "number");
  assert.is(marked("mine | where contains(lower(input_text), ^"), "str");
  assert.is(marked("mine | derive a = coalesce(1, 2, 3, ^"), "any");
  assert.is(marked("mine | derive a = (1 + ^"), "<columns>");
});

test("there is none in comments, after names and at the start", () => {
  for (const text of ["# sample ^", "^", "mine ^", "nothing ^", "let a = ^", "mine | ^"]) assert.is(marked(text), null, text);
});

test.run();
