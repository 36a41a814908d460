/** Without this file completion might offer what cannot stand there. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "../session/open.ts";

const session = await open({ interactive: true });
await run(session, "let mine = memorization | take 5\nperfect | take 1 | count\nsample perfect 1 | acts layer 7 last 1 | count");

/** Completions at `^`. */
function at(marked: string): readonly string[] {
  const offset = marked.indexOf("^");
  return session.complete(marked.replace("^", ""), offset).items.map((item) => item.text);
}
const offers = (marked: string, ...words: readonly string[]): void => {
  const found = at(marked);
  for (const word of words) assert.ok(found.includes(word), `${marked} offers ${word}, got ${found.slice(0, 12).join(" ")}`);
};
const keepsQuiet = (marked: string, ...words: readonly string[]): void => {
  const found = at(marked);
  for (const word of words) assert.not.ok(found.includes(word), `${marked} does not offer ${word}`);
};

test("at the start: values, sources and statements", () => {
  offers("^", "perfect", "mine", "_", "csv", "sample", "let", "set");
  offers("per^", "perfect");
  keepsQuiet("per^", "csv");
});

test("after a pipe: stages that take what flows there", () => {
  offers("perfect | ^", "where", "sample", "acts", "take");
  keepsQuiet("perfect | ^", "csv", "prompts", "top", "overlap", "union", "encode");
  offers("sample perfect 3 | acts layer 7 | ^", "top", "stats", "hist");
  keepsQuiet("sample perfect 3 | acts layer 7 | ^", "acts", "memorize");
  offers("sample perfect 3 | acts layer 7 | t^", "top", "tee");
});

test("keywords that are left, and their values", () => {
  offers("perfect | acts ^", "layer", "last", "hook");
  keepsQuiet("perfect | acts layer 7 ^", "layer");
  offers("perfect | acts layer 7 ^", "last", "of");
  offers("perfect | acts layer 7 hook ^", "resid_post", "resid_pre");
  offers("perfect | acts layer 7 | top 3 by ^", "count", "max");
});

test("columns of what flows in, and functions", () => {
  offers("memorization | where ^", "perfect_match", "matching_tokens", "len(");
  offers("memorization | where mat^", "matching_tokens");
  offers("memorization | select reference | sort ^", "reference");
  keepsQuiet("memorization | select reference | sort ^", "perfect_match");
  offers("memorization | hist ^", "matching_tokens");
});

test("values at the head of a stage that needs input", () => {
  offers("sample ^", "perfect", "non_perfect", "mine");
  offers("let a = sample p^", "perfect");
});

test("inside the brackets of a tee the input is that of the tee", () => {
  offers("sample perfect 3 | acts layer 7 | tee (^", "stats", "top");
  keepsQuiet("sample perfect 3 | acts layer 7 | tee (^", "acts", "csv");
});

test("settings and their words", () => {
  offers("set ^", "seed", "model", "sae");
  offers("set convention ^", "openmoss", "saelens", "neuronpedia");
});

test("the usage of the stage at the caret is shown", () => {
  assert.match(session.complete("perfect | sample ", 17).signature ?? "", /^sample <n>/);
});

test("nothing is offered inside a text", () => {
  assert.equal(at('prompts "In the ^'), []);
});

test("help by name, by another tool's name, and for settings and functions", () => {
  assert.match(session.help("acts") ?? "", /acts layer <int>/);
  assert.match(session.help("filter") ?? "", /^where/);
  assert.match(session.help("seed") ?? "", /set seed/);
  assert.match(session.help("quantile") ?? "", /linear/);
  assert.is(session.help("no such thing"), null);
});

test.after(() => session.close());
test.run();
