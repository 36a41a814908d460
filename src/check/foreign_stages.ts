/** Without this file a stage of another tool that saeq has no stage for would be taken for the one whose name is nearest. */
import type { Arg as Words } from "../../grammar/ast.ts";
import { printArg, printColumn } from "../../grammar/print_parts.ts";
import { parse } from "../../grammar/parse.ts";
import type { Kind } from "../ops/schema.ts";
import { single } from "./constant.ts";
import { hookNamed } from "./meant_words.ts";

/** What was meant: a line that is put in its place where it works, or else shown; and why. */
export interface Meaning {
  readonly write?: string;
  /** What is put in its place where that does not work. */
  readonly otherwise?: string;
  readonly help?: string;
  readonly note?: string;
}

interface Given {
  readonly words: readonly Words[];
  readonly kind: Kind | null;
}

/** The column names that are listed in the words; null where anything else is. */
function columnsOf(words: readonly Words[]): readonly string[] | null {
  const items = words.flatMap((each) => each.items);
  const names = items.flatMap(({ name, value, order }) => (name === null && order === null && value.kind === "name" ? [printColumn(value.path.join("."))] : []));
  return names.length === items.length ? names : null;
}

function textOf(words: Words | undefined): string | null {
  const value = words === undefined ? null : single(words);
  return value?.kind === "str" ? value.value : null;
}

function numberOf(words: Words | undefined): number | null {
  const value = words === undefined ? null : single(words);
  return value?.kind === "num" ? value.value : null;
}

const joined = (words: readonly Words[]): string => words.map(printArg).join(" ");

const counted = ({ words }: Given): Meaning => {
  const columns = columnsOf(words);
  return columns === null || columns.length === 0 ? { help: "count by <column>" } : { write: `count by ${columns.join(", ")}` };
};
const kept = ({ words }: Given): Meaning => {
  const columns = columnsOf(words) ?? [];
  return columns.length === 0 ? { help: "where <column> != null" } : { write: `where ${columns.map((name) => `${name} != null`).join(" and ")}` };
};
const drawn = (mark: string) => ({ words }: Given): Meaning => {
  const [x, y, ...more] = columnsOf(words) ?? [];
  return more.length > 0 || x === undefined ? { help: `plot ${mark}` } : { write: `plot ${mark} x ${x}${y === undefined ? "" : ` y ${y}`}` };
};
const joinedAs = (kind: string) => ({ words }: Given): Meaning => ({ write: `join ${joined(words)} kind ${kind}`, otherwise: `join ${joined(words)} kind ${kind} suffix "_other"` });
/** `left join other on key` */
const joinedBehind = (kind: string) => ({ words, ...given }: Given): Meaning | null => {
  const rest = words[0] !== undefined && printArg(words[0]).toLowerCase() === "outer" ? words.slice(1) : words;
  return rest[0] !== undefined && printArg(rest[0]).toLowerCase() === "join" ? joinedAs(kind)({ ...given, words: rest.slice(1) }) : null;
};
const readModel = ({ words, kind }: Given): Meaning => {
  const note = "`resid` gives what the model computes at a layer, `acts` which features of the SAE fire there";
  if (kind === "acts" || kind === "features") return { note, help: "top 10" };
  const hook = words.flatMap(({ items }) => items).map(({ value }) => (value.kind === "str" ? hookNamed(value.value) : null)).find((each) => each !== null);
  const write = `acts ${hook ?? (words.length > 0 ? joined(words) : "layer 7")}`;
  return kind === "table" || kind === "tokens" ? { note, write, otherwise: "acts layer 7" } : { note, help: "acts layer 7" };
};
/** The activations of some features, by their numbers. */
const ofFeatures = ({ words, kind }: Given): Meaning | null => {
  const numbers = words.flatMap(({ items }) => items);
  const listed = numbers.length > 0 && numbers.every(({ name, value }) => name === null && value.kind === "num");
  return kind === "acts" && listed ? { note: "`rows` gives the activations of features, `contexts` the texts around the strongest", write: `rows ${joined(words)}` } : null;
};
const elsewhere = (note: string, help: string) => (): Meaning => ({ note, help });
const unnested = (): Meaning => ({ note: "no stage makes several rows of one cell", help: "derive part = split(<column>, \",\", 0)" });

/** `logit_diff " Mary", " John"`: the two logits, side by side. */
const differing = ({ words, kind }: Given): Meaning => {
  const tokens = words.flatMap(({ items }) => items);
  const named = tokens.length > 0 && tokens.every(({ name, value }) => name === null && value.kind === "str");
  return { note: "`logits of` tells the logits of tokens that are named, a row for each; their difference is what is subtracted", [named && kind !== null && ["table", "tokens"].includes(kind) ? "write" : "help"]: `logits of ${named ? joined(words) : '" Mary", " John"'}` };
};

/** `head -n 3`, `head -3`: the number, without its sign; null where there is none, or anything else. */
function countOf(words: readonly Words[]): number | null {
  const values = words.map((each) => single(each));
  const last = values.at(-1);
  const flag = values.length === 2 && values[0]?.kind === "unary" && values[0].operand.kind === "name";
  const number = last?.kind === "unary" && last.op === "-" ? last.operand : last;
  return number?.kind === "num" && (values.length === 1 || flag) ? number.value : null;
}

const fromTheEnd = ({ words }: Given): Meaning => ({ note: "rows from the end are the first ones in the opposite order; `skip` leaves out the first ones", help: `sort <column> desc | take ${countOf(words) ?? 10}` });

/** A test of two groups by another name. */
const tested = (how: "paired" | "apart") => ({ words, kind }: Given): Meaning => {
  const pairs = how === "paired" ? " paired" : "";
  const note = how === "paired" ? "`compare … paired` tests pairs by the signed ranks of their differences (Wilcoxon), columns of true and false by McNemar's exact test" : "`compare` tests groups by ranks (Mann–Whitney), which takes no distribution for granted";
  if (kind === "acts" || (kind === "table" && words.length > 0)) return { note, write: `compare${words.length === 0 ? "" : ` ${joined(words)}`}${pairs}` };
  return { note, help: `groups a = (sample perfect 8), b = (sample non_perfect 8) | compare matching_tokens${pairs}` };
};

/** What commands of other tools are in saeq, where no one stage does the same under another name; null: a word means more than another name. */
const MEANINGS: Readonly<Record<string, (given: Given) => Meaning | null>> = {
  // With a number alone it is `take` under another name.
  head: ({ words }) => (words.length === 1 && numberOf(words[0]) !== null ? null : { write: `take ${words.length === 0 ? 5 : (countOf(words) ?? "<n>")}` }),
  first: ({ words }) => (words.length === 0 ? { write: "take 1" } : null),
  last: fromTheEnd,
  limit: ({ words }) => {
    const [count, offset, from] = words;
    const [n, skipped] = [numberOf(count), numberOf(from)];
    return words.length === 3 && n !== null && skipped !== null && printArg(offset!).toLowerCase() === "offset" ? { write: `skip ${skipped} | take ${n}` } : null;
  },
  value_counts: counted,
  tail: fromTheEnd,
  slice: ({ words }) => {
    const [from, to] = [numberOf(words[0]), numberOf(words[1])];
    return from === 0 && to !== null ? { write: `take ${to}` } : { help: `skip ${from ?? "<n>"} | take ${from !== null && to !== null && to > from ? to - from : "<n>"}` };
  },
  nlargest: ({ words }) => {
    const [column] = columnsOf(words.slice(1)) ?? [];
    return { [column === undefined ? "help" : "write"]: `sort ${column ?? "<column>"} desc | take ${numberOf(words[0]) ?? 10}` };
  },
  shape: () => ({ write: "count" }),
  columns: ({ words }) => (words.length === 0 ? { write: "describe" } : null),
  left: joinedBehind("left"),
  inner: joinedBehind("inner"),
  outer: joinedBehind("outer"),
  full: joinedBehind("outer"),
  semi: joinedBehind("semi"),
  anti: joinedBehind("anti"),
  dropna: kept,
  drop_nulls: kept,
  drop_na: kept,
  fillna: ({ words }) => ({ help: `derive x = coalesce(x, ${numberOf(words[0]) ?? 0})` }),
  astype: () => ({ note: "types are given where a file is read", help: 'csv "x.csv" types {score: float}' }),
  explode: unnested,
  unnest: unnested,
  flatten: unnested,
  query: ({ words }) => {
    const text = textOf(words[0]);
    return text === null || text.trim() === "" || words.length > 1 || parse(`where ${text}`).diagnostics.length > 0 ? { help: "where <condition>" } : { write: `where ${text}` };
  },
  bar: drawn("bars"),
  barplot: drawn("bars"),
  scatter: drawn("scatter"),
  scatterplot: drawn("scatter"),
  lineplot: drawn("line"),
  left_join: joinedAs("left"),
  inner_join: joinedAs("inner"),
  outer_join: joinedAs("outer"),
  semi_join: joinedAs("semi"),
  anti_join: joinedAs("anti"),
  sae: ({ words, kind }) => ({
    note: "an SAE is set on a line of its own, `set sae \"…\"`; `acts` says which of its features fire",
    ...(words.length > 0 && (kind === "table" || kind === "tokens") ? { write: `acts ${joined(words)}` } : { help: "acts layer 7" }),
  }),
  features: (given) => ofFeatures(given) ?? readModel(given),
  feature: ofFeatures,
  mean: ({ words, kind }) => (kind === "acts" && words.length === 0 ? { note: "`stats` sums activations up, `top` their features", write: "stats" } : null),
  patch: elsewhere("activations of one text are not put into another; `ablate` takes features out of the model, and `steer` adds them or holds them", "ablate feature 769 layer 7"),
  activation_patching: elsewhere("activations of one text are not put into another; `ablate` takes features out of the model, and `steer` adds them or holds them", "ablate feature 769 layer 7"),
  logit_lens: elsewhere("what a feature writes into the logits is told by `promotes`; what the model says comes next, by `logits`", "acts layer 7 | top 10 | promotes"),
  attention: elsewhere("patterns of attention are read by no stage; what attention adds to the stream is a hook", "resid layer 7 hook attn_out"),
  shuffle: elsewhere("rows are drawn by `sample`, which keeps them in the order of the table", "sample 10"),
  run_with_cache: readModel,
  activations: readModel,
  hidden_states: readModel,
  perplexity: predicted("logits at all | agg perplexity = exp(mean(surprisal))"),
  surprisal: predicted("logits at all"),
  loss: predicted("logits at all | agg loss = mean(surprisal)"),
  predict: predicted("logits"),
  paired: tested("paired"),
  wilcoxon: tested("paired"),
  signed_rank: tested("paired"),
  wilcoxon_signed_rank: tested("paired"),
  mcnemar: tested("paired"),
  ttest_rel: tested("paired"),
  paired_ttest: tested("paired"),
  ttest_paired: tested("paired"),
  sign_test: tested("paired"),
  ttest: tested("apart"),
  t_test: tested("apart"),
  ttest_ind: tested("apart"),
  mannwhitneyu: tested("apart"),
  mannwhitney: tested("apart"),
  mann_whitney: tested("apart"),
  ranksums: tested("apart"),
  cliffs_delta: tested("apart"),
  logit_diff: differing,
  logit_difference: differing,
};

/** What is asked of the model's predictions, of texts that it can read. */
function predicted(write: string): (given: Given) => Meaning {
  return ({ kind }) => ({ note: "what the model says comes next, and how much what came surprised it, is told by `logits`", ...(kind === "table" || kind === "tokens" ? { write } : { help: write }) });
}

/** What a command of another tool means here; null for one that is not known. */
export function meaningOf(name: string, given: Given): Meaning | null {
  const word = name.toLowerCase();
  return Object.hasOwn(MEANINGS, word) ? MEANINGS[word]!(given) : null;
}

/** `import "lib/f.saeq"`; null where no module is named. */
export function asUse(name: string, words: readonly Words[]): string | null {
  const [file, as, alias] = words;
  const path = textOf(file);
  if (!["import", "source", "require", "include", "load"].includes(name) || path === null || !path.endsWith(".saeq")) return null;
  const given = as === undefined || alias === undefined ? null : printArg(alias);
  return `use ${JSON.stringify(path)} as ${given ?? path.replace(/^.*[/:]/, "").replace(/\.saeq$/, "")}`;
}
