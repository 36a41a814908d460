/** Without this file the usage shown while typing could mark the wrong argument. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../../src/assist/analyse.ts";
import { writtenDefault } from "../../src/assist/argument_text.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { usage } from "../../src/stages/stage.ts";
import { START } from "../../runtime/session/start_settings.ts";
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

test("defaults are shown as a script would write them, and where that cannot be, none is", () => {
  const shown = (stage: string, argument: string): string | null => writtenDefault(STAGES.find(({ name }) => name === stage)!.args[argument]!);
  assert.equal([shown("resid", "hook"), shown("memorize", "of"), shown("top", "by"), shown("contexts", "k")], ["resid_post", "text", "count", "10"]);
  // What nothing can be written for, and the hook of `acts`, which is the SAE's.
  assert.equal([shown("csv", "types"), shown("csv", "sep"), shown("count", "by"), shown("plot", "x"), shown("acts", "centred"), shown("cache", "ttl"), shown("acts", "hook")], Array(7).fill(null));
  const own = signatureIn(analyse(`${HEAD}mine | first `, around), HEAD.length + "mine | first ".length)!;
  assert.match(own.parameters.map(({ doc }) => doc).join("; "), /\(default 2\).*\(default "a"\)/);
});

test("what a setting is where nothing sets it is what sessions start with, as one would set it", () => {
  for (const [name, spec] of Object.entries(SETTINGS)) {
    const unset = spec.unset.replaceAll('"', "");
    const set = spec.apply({ ...START, precision: 17 }, [/^\d+$/.test(unset) ? Number(unset) : unset]);
    if (spec.unset.includes(" ")) assert.ok(name === "seed" || set === null, `${name} is said in words where it could be written`);
    else assert.is(set === null ? null : spec.show(set), spec.show(START), name);
  }
});

test("the usage of a time is not that of a number", () => {
  assert.is(usage(STAGES.find(({ name }) => name === "cache")!), "cache [name <text>] [ttl <duration>]");
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
  assert.ok(offered("def g(lines: table, most: int = 2) = lines | take $^").includes("$most"));
  assert.ok(offered("def g(lines: table, most: int = 2) = ^").includes("lines"));
  assert.not.ok(offered("def g(lines: table, most: int = 2) = lines | take 1\n^").includes("lines"));
  assert.is(marked("def g(lines: table) = lines | take ^"), "<n>");
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
