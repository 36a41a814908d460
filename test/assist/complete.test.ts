/** Without this file completion might offer what cannot stand there. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATEMENT_PAGES } from "../../src/assist/statement_page.ts";
import { OPERATOR_PAGES, TOPIC_PAGES } from "../../src/assist/topic_pages.ts";
import { folder, open, run } from "../session/open.ts";

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

test("behind a value: what can go on it, and no second value without a comma", () => {
  assert.equal(at("memorization | sort matching_tokens ^"), ["desc", "asc"]);
  assert.equal(at("memorization | sort matching_tokens d^"), ["desc"]);
  assert.equal(at("memorization | sort matching_tokens desc ^"), []);
  offers("memorization | sort matching_tokens desc, ^", "matching_tokens", "perfect_match");
  assert.equal(at("memorization | where perfect_match ^"), ["and", "or", "==", "!="]);
  assert.equal(at("memorization | where matching_tokens ^").slice(0, 3), ["==", "!=", "<"]);
  assert.equal(at("memorization | where matching_tokens > 3 ^").slice(0, 2), ["and", "or"]);
  keepsQuiet("memorization | where matching_tokens > 3 ^", "==", ">", "matching_tokens");
  offers("memorization | where matching_tokens > 3 and ^", "perfect_match", "len(");
  keepsQuiet("memorization | where matching_tokens > 3 and ^", "and", "==");
  assert.equal(at("memorization | where perfect_match a^"), ["and"]);
  assert.equal(at("memorization | where perfect_match == ^").slice(0, 2), ["true", "false"]);
  assert.equal(at("memorization | where perfect_match == f^")[0], "false");
  assert.equal(at("memorization | derive n ^"), ["="]);
  offers("memorization | derive n = matching_tokens ^", "+", "*");
  assert.equal(at("perfect | sample 3 ^").filter((text) => text.startsWith("$")), []);
});

test("stages that need groups come only after groups, and those that refuse them do not", () => {
  keepsQuiet("sample perfect 3 | acts layer 7 | ^", "compare", "diff", "overlap", "union");
  offers("groups a = (sample perfect 3), b = (sample perfect 3) | acts layer 7 | ^", "compare", "top");
  keepsQuiet("groups a = (sample perfect 3), b = (sample perfect 3) | ^", "group", "split");
});

test("types behind the colon of a param and of an input", () => {
  assert.equal(at("param n: ^"), ["int", "float", "bool", "str", "path"]);
  assert.equal(at("param n: f^"), ["float"]);
  offers("def f(x: ^", "table", "acts", "groups", "int");
  offers("def f(x: table, k: ^", "int");
});

test("inside a word its rest is replaced, before a word nothing is", () => {
  const edited = (marked: string, item: string): string => {
    const text = marked.replace("^", "");
    const { from, to, items } = session.complete(text, marked.indexOf("^"));
    assert.ok(items.some((each) => each.text === item), `${marked} offers ${item}`);
    return text.slice(0, from) + item + text.slice(to);
  };
  assert.is(edited("memorization | where mat^ching > 3", "matching_tokens"), "memorization | where matching_tokens > 3");
  assert.is(edited("perfect | sam^ple 3", "sample"), "perfect | sample 3");
  assert.is(edited("perfect | acts ^layer 7", "last"), "perfect | acts lastlayer 7");
  assert.is(edited('set model "k^j"', "kjv"), 'set model "kjv"');
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

const books = folder({ "books.csv": `book,verse,note\n${Array.from({ length: 60 }, (_, i) => `${["Job", "Ruth", "The Acts"][i % 3]},${i},text ${i}`).join("\n")}\n` });
const reader = await open({ interactive: true, readFrom: books });
await run(reader, 'let verses = csv "books.csv"\nparam k: int = 5\nperfect | take 1 | acts layer 7 last 1 | count');
const inBooks = (marked: string): readonly string[] => reader.complete(marked.replace("^", ""), marked.indexOf("^")).items.map((item) => item.text);

test("figures that can be compared, the likeliest first, and none that only say where a row is", () => {
  const groups = "groups a = (sample perfect 3), b = (sample non_perfect 3)";
  const found = at(`${groups} | logits at continuation | compare ^`);
  assert.equal(found.slice(0, 3), ["surprisal", "logit", "probability"]);
  for (const word of ["row", "position", "token_id", "token", "reference"]) assert.not.ok(found.includes(word), word);
  assert.ok(found.includes("matching_tokens") && found.includes("per"));
  assert.equal(at(`${groups} | acts layer 7 | compare ^`)[0], "by");
  keepsQuiet(`${groups} | acts layer 7 | compare ^`, "row", "position", "value");
});

test("behind `compare`: words about activations where there are some, and those about columns of tables", () => {
  const groups = "groups a = (sample perfect 3), b = (sample non_perfect 3)";
  for (const rows of [`${groups} | compare ^`, `${groups} | compare matching_tokens ^`, `${groups} | logits at continuation | compare surprisal ^`, "memorization | split a = repeated, b = not repeated | compare ^"]) {
    offers(rows, "per", "paired");
    keepsQuiet(rows, "by", "least");
  }
  for (const acts of [`${groups} | acts layer 7 | compare ^`, `${groups} | acts layer 7 | compare by fires ^`, "sample perfect 3 | acts layer 7 | compare ^"]) {
    offers(acts, "least", "paired");
    keepsQuiet(acts, "per", "matching_tokens");
  }
  keepsQuiet("memorization | hist ^", "l0");
  offers("sample perfect 3 | acts layer 7 | hist ^", "l0", "activation");
});

test("behind the `with` of a chat no columns are offered for the names of variables", () => {
  keepsQuiet('prompts "a" | chat template "x.jinja" with ^', "text", "len(", "true");
  offers('prompts "a" | chat template "x.jinja" with enable_thinking = ^', "true", "false", "text");
  assert.is(at('prompts "a" | chat template "x.jinja" with enable_thinking = ^')[0], "true");
});

test("the values of a text column that has few, with and without an opened quote", () => {
  assert.equal(inBooks("verses | where book == ^").slice(0, 3), ['"Job"', '"Ruth"', '"The Acts"']);
  assert.equal(inBooks('verses | where book == "^'), ['Job"', 'Ruth"', 'The Acts"']);
  assert.equal(inBooks('verses | where book in ["Job", "The^'), ['The Acts"']);
  assert.equal(inBooks("verses | where book == 'R^'"), ["Ruth"]);
  assert.equal(inBooks('verses | take 5 | where verse > 3 and book != "J^'), ['Job"']);
  assert.equal(inBooks('verses | where note == "^'), []);
  assert.equal(inBooks('verses | where book == "R^ and note == "x"'), ['Ruth"']);
});

test("after a run that read no file its values are still known", async () => {
  await run(reader, "set precision 3");
  assert.equal(inBooks('verses | where book == "J^'), ['Job"']);
});

test("layers that the SAE was trained for, params where a number is due, models and SAEs by name", () => {
  assert.equal(inBooks("perfect | acts layer ^"), ["7", "$k"]);
  assert.ok(inBooks("perfect | sample ^").includes("$k"));
  assert.ok(inBooks('set model "^').includes('kjv"'));
  assert.ok(inBooks('set sae "k^').includes('kjv"'));
  assert.equal(inBooks('use "std^'), ['std:memorization"']);
});

test("where a file is due, its endings are said", () => {
  const due = (marked: string): readonly string[] | undefined => session.complete(marked.replace("^", ""), marked.indexOf("^")).files?.extensions;
  assert.equal(due('csv "^'), [".csv", ".tsv", ".csv.gz", ".tsv.gz"]);
  assert.ok(due('perfect | save "out^')?.includes(".jsonl"));
  assert.equal(due('use "^'), [".saeq"]);
  assert.is(due('prompts "^'), undefined);
});

test("help by name, by another tool's name, and for settings and functions", () => {
  assert.match(session.help("acts") ?? "", /acts layer <int>/);
  assert.match(session.help("filter") ?? "", /^where/);
  assert.match(session.help("len") ?? "", /^len\(str\)/);
  assert.match(session.help("rank") ?? "", /^rank\(any\)/);
  for (const both of ["count", "split"]) assert.match(session.help(both) ?? "", new RegExp(`^${both} [^]*\n\n${both}\\(`));
  for (const statement of ["let", "param", "def", "use", "set"]) assert.match(session.help(statement) ?? "", new RegExp(`^${statement} `));
  assert.match(session.help("seed") ?? "", /set seed/);
  assert.match(session.help("quantile") ?? "", /linear/);
  assert.is(session.help("no such thing"), null);
});

test("operators and null have pages, and so has what takes several stages", () => {
  for (const word of ["null", "!=", "in", "and", "^", "=~"]) assert.match(session.help(word) ?? "", /null/, word);
  assert.match(session.help("null") ?? "", /`!=` is true where one side is missing/);
  for (const [word, stage] of [["co-occurrence", "| join"], ["volcano", "| plot scatter"], ["density", "| hist frac"], ["histogram normalised", "overlay share"]] as const) assert.match(session.help(word) ?? "", stage, word);
});

test("examples of statements, operators and topics run", async () => {
  for (const { example } of [...Object.values(STATEMENT_PAGES), ...OPERATOR_PAGES, ...TOPIC_PAGES]) {
    const own = await open({ interactive: true });
    assert.equal(own.diagnose?.(example) ?? [], []);
    await own.close();
  }
});

test.after(async () => {
  await session.close();
  await reader.close();
});
test.run();
