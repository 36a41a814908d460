/** Without this file there would be no closed list of what the runtime must be able to do. */
import type { Edit } from "./edit.ts";
import type { Folded, Hook } from "./hook.ts";
import type { FeaturesOf } from "./names_of.ts";
import type { Scalar, ScalarLiteral } from "./scalar.ts";
import type { ColumnSchema, Schema } from "./schema.ts";
import type { Span } from "../../grammar/span.ts";

/** A model by the name the user gave it and the content it had when it was checked. */
export interface ModelRef {
  readonly name: string;
  readonly digest: string;
}
/** An SAE by name, content and convention. */
export interface SaeRef {
  readonly name: string;
  readonly digest: string;
  readonly convention: string;
}

export interface SortKey {
  readonly by: Scalar;
  readonly descending: boolean;
}

/** How tokens are drawn; `stream` names the seedrandom stream (seed, draw and the input's canonical text), which goes on with group, row and copy. */
export interface Drawn {
  readonly temperature: number;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly stream: string;
}

/** Which tokens are told of a prediction: the likeliest, these texts and ids, or the one that came. */
export type Told =
  | { readonly kind: "top"; readonly count: number }
  | { readonly kind: "named"; readonly texts: readonly string[]; readonly ids: readonly number[] }
  | { readonly kind: "came" };

/** Where a text is predicted: behind its last token, or everywhere, also of one part. */
export const PREDICT_AT = ["last", "all", "prompt", "continuation"] as const;
export type PredictAt = (typeof PREDICT_AT)[number];

/** Which tokens of each document are wanted. `last`/`first` count real tokens, special ones included; null = all. */
export interface Window {
  readonly first: number | null;
  readonly last: number | null;
  /** Only the tokens of the continuation, where the text is the pair prompt + continuation. */
  readonly of: "all" | "prompt" | "continuation";
}

/** Where the model is read, and with which SAE the residual is encoded there; null keeps it dense. */
export interface Tap {
  readonly layer: number;
  readonly hook: Hook;
  /** true: the mean over the model's dimensions is subtracted first (`center_writing_weights` of TransformerLens); else it is kept. */
  readonly centred?: true;
  /** At `z`: what is subtracted first of the heads' biases; absent: nothing. */
  readonly folded?: Folded;
  readonly sae: SaeRef | null;
  /** Only these features of the SAE need be there, ascending; absent: all. */
  readonly features?: readonly number[];
}

/**
 * What a table is read from. `types` of a read: the types asked for by column; for parquet, which has its own, each column
 * that is wanted with "stored", none meaning all.
 */
export type TableFormat = "csv" | "text" | "jsonl" | "parquet";
export type SaveFormat = "csv" | "tsv" | "jsonl" | "json" | "parquet" | "svg";
export type JoinKind = "inner" | "left" | "outer" | "semi" | "anti";

export type PlotMark = "bars" | "line" | "scatter" | "heat";

/** How features are ranked and scored. */
export type RankBy = "count" | "mean" | "max" | "sum" | "frac";

/** How a text file is read that is not a rectangular UTF-8 table; what is absent is refused. */
export interface Leniency {
  readonly encoding?: "latin1" | "cp1252" | "utf16";
  /** Rows with too few cells: nulls are put behind them, or the row is left out, as is one with too many. */
  readonly ragged?: "pad" | "skip";
  /** NUL bytes are left out of the text. */
  readonly nul?: "drop";
  /** A comma stands before the fraction of a number, and points only between its thousands. */
  readonly decimal?: "comma";
  /** A file of text is one text, instead of one for each line. */
  readonly whole?: "file";
  /** Commas stand between the thousands of a number. */
  readonly thousands?: "apart";
  /** Columns of JSON that hold a list or an object are left out. */
  readonly nested?: "drop";
  /** A file that is one object of JSON around a list of this name is that list, as exports of Neuronpedia may be. */
  readonly within?: "explanations";
}

/** By what a feature's documents are compared: whether it fires, at which share of tokens, how strongly at most or on average. */
export type CompareBy = "rate" | "fires" | "max" | "mean";

/** Which tokens are asked for: those whose logits rise, those whose logits fall, or both. */
export type PromotedSide = "both" | "promoted" | "suppressed";

/** What is kept of activations above a threshold where they are only counted: sums by feature, features by token, how often each value occurs. */
export interface Reduction {
  readonly of: "features" | "l0" | "values";
  readonly threshold: number;
}

/** How a text ends that a chat template made: with what comes before an answer, behind the last message, or inside of it. */
export type ChatEnding = "prompt" | "closed" | "open";

/** What is put into a chat template, and how. */
export interface Chat {
  readonly model: ModelRef;
  /** The model's own template by its name. */
  readonly template: { readonly name: string; readonly text: string } | null;
  /** Special tokens that the template may print. */
  readonly tokens: Readonly<Record<string, string>>;
  /** The column with what the user says or, with `conversation`, with all messages as JSON. */
  readonly of: string;
  readonly conversation: boolean;
  readonly system: Scalar | null;
  readonly answer: Scalar | null;
  /** The answer stands in a column of its own. */
  readonly pair: boolean;
  /** null: before an answer, and closed behind one. */
  readonly ending: ChatEnding | null;
  /** What `strftime_now` prints, as 2024-07-26; null where nobody said. */
  readonly date: string | null;
  readonly variables: readonly { readonly name: string; readonly value: Scalar }[];
}

/** The closed vocabulary of plans. A new member makes `tsc` name every place that must know it. */
export type Op =
  /** `path` as typed; `digest` is the content that was seen when names were checked; `types` as asked for (`TableFormat`). */
  | { readonly op: "read"; readonly format: TableFormat; readonly path: string; readonly digest: string; readonly separator: string; readonly types: Readonly<Record<string, string>>; readonly lenient?: Leniency }
  | { readonly op: "literal"; readonly columns: readonly ColumnSchema[]; readonly rows: readonly (readonly ScalarLiteral[])[] }
  | { readonly op: "filter"; readonly predicate: Scalar }
  | { readonly op: "project"; readonly columns: readonly { readonly name: string; readonly value: Scalar }[] }
  | { readonly op: "sort"; readonly keys: readonly SortKey[] }
  | { readonly op: "limit"; readonly count: number }
  | { readonly op: "skip"; readonly count: number }
  /** The first row of each combination of values; [] looks at all columns. */
  | { readonly op: "distinct"; readonly by: readonly string[] }
  /** Input 0 with the rows of input 1 that have the same values in `on`; `suffix` is put behind names that both have. */
  | { readonly op: "join"; readonly on: readonly string[]; readonly kind: JoinKind; readonly suffix: string }
  /** Rows without replacement; `stream` names the seedrandom stream (seed, draw and the input's canonical text). */
  | { readonly op: "sample"; readonly count: number; readonly stream: string }
  | { readonly op: "split"; readonly parts: readonly { readonly name: string; readonly predicate: Scalar }[] }
  /** n inputs become n named groups. */
  | { readonly op: "group"; readonly names: readonly string[] }
  /** One of named groups, by its place among them. */
  | { readonly op: "member"; readonly index: number }
  /** One group for each combination of values, named by them. */
  | { readonly op: "group_by"; readonly keys: readonly string[] }
  | { readonly op: "ungroup" }
  /** One row per group, or one in all; every value reads columns only inside aggregates. */
  | { readonly op: "aggregate"; readonly columns: readonly { readonly name: string; readonly value: Scalar }[]; readonly keys: readonly ColumnSchema[] | null }
  | { readonly op: "concat" }
  /** Each row put into a chat template: see `Chat`. With `template` null input 1 holds it as its only text. */
  | ({ readonly op: "chat" } & Chat)
  | { readonly op: "tokenize"; readonly model: ModelRef; readonly bos: boolean; readonly textColumns: readonly string[]; readonly whenTooLong: "error" | "truncate"; readonly rendered?: true }
  /**
   * Texts in pieces of `size` tokens at most, BOS among them, each a row with the number of its text in `document`, its own in `chunk`, and that of its first token in `start`, all from 0;
   * `overlap` tokens are in two pieces that follow one another. `full`: no shorter ones; `most`: of each text.
   */
  | { readonly op: "chunk"; readonly model: ModelRef; readonly bos: boolean; readonly textColumn: string; readonly size: number; readonly overlap: number; readonly full: boolean; readonly most: number | null }
  /** The model up to the highest tap. Output: one value per tap; `pick` takes one. With `reduce`: only those figures of it, and who saves it gets it as it comes. */
  | { readonly op: "forward"; readonly model: ModelRef; readonly taps: readonly Tap[]; readonly window: Window; readonly blocks: number | null; readonly slice: "inside" | "after"; readonly edits?: readonly Edit[]; readonly reduce?: readonly Reduction[] }
  | { readonly op: "pick"; readonly taps: readonly number[] }
  | { readonly op: "encode"; readonly saes: readonly SaeRef[] }
  /** Features (input 0) and what they were encoded from (input 1) → what the SAEs make of them, one per tap. */
  | { readonly op: "decode"; readonly saes: readonly SaeRef[] }
  /**
   * The features whose decoder directions lie nearest to those of `features`, or, where these are null, of those that input 0 lists in its column `of` (`feature`
   * where absent); of each `count`. One SAE for all of them, or, with `layers`, the one of the layer that a row of the input names.
   */
  | { readonly op: "similar"; readonly saes: readonly SaeRef[]; readonly layers: readonly number[] | null; readonly features: readonly number[] | null; readonly of?: string; readonly count: number }
  /** The tokens whose logits those directions raise and lower most; `count` on a side. `raw`: times the unembedding alone, without the final norm's weight. */
  | { readonly op: "promotes"; readonly model: ModelRef; readonly saes: readonly SaeRef[]; readonly layers: readonly number[] | null; readonly features: readonly number[] | null; readonly of?: string; readonly count: number; readonly side: PromotedSide; readonly raw?: true }
  /** Rows (input 0) with a column `as`: what input 1, columns `feature`, `label` and with `layered` `layer`, calls the feature that `of` names; a row for each of them with `all`, else the first. `bySource`: rows of another layer than the column `source` of input 1 names have none. `saes`: what that source is held against. */
  | { readonly op: "label"; readonly of: string; readonly as: string; readonly layered: boolean; readonly bySource: boolean; readonly saes: readonly FeaturesOf[]; readonly all: boolean }
  /** A reconstruction (input 0) beside the activations it stands for (input 1): how near it comes, by group. */
  | { readonly op: "fidelity" }
  | { readonly op: "memorize"; readonly model: ModelRef; readonly bos: boolean; readonly prefix: number; readonly continuation: number; readonly textColumn: string; readonly edits?: readonly Edit[] }
  /** Texts continued by at most `most` tokens, `copies` times each, which are numbered where `numbered`; `drawn` null: by the likeliest ones. A text ends with an id of `ends`, or where one of `stop` has come. */
  | { readonly op: "generate"; readonly model: ModelRef; readonly bos: boolean; readonly textColumn: string; readonly most: number; readonly drawn: Drawn | null; readonly copies: number; readonly numbered: boolean; readonly ends: readonly number[]; readonly stop: readonly string[]; readonly rendered?: true; readonly edits?: readonly Edit[] }
  /** What the model says comes behind the tokens of its input; `keep`: columns of the table that the texts are of. */
  | { readonly op: "logits"; readonly model: ModelRef; readonly tell: Told; readonly at: PredictAt; readonly special: boolean; readonly keep: readonly string[]; readonly edits?: readonly Edit[] }
  | { readonly op: "rank"; readonly count: number; readonly by: RankBy; readonly per: "all" | "layer"; readonly threshold: number }
  | { readonly op: "statistics"; readonly threshold: number }
  | { readonly op: "histogram"; readonly of: string; readonly bins: number | null; readonly overlay: boolean; readonly log: boolean; readonly share?: true; readonly threshold: number }
  /** The strongest place of each feature in each document, with `window` tokens on each side; null: the features that the input lists. */
  | { readonly op: "contexts"; readonly features: readonly number[] | null; readonly count: number; readonly window: number; readonly threshold: number }
  /** A row for each token, or for each activation of these features, null: of all; those of special tokens are marked, or left out. */
  | { readonly op: "rows"; readonly features: readonly number[] | null; readonly special: boolean; readonly threshold: number }
  | { readonly op: "plot"; readonly mark: PlotMark; readonly x: string; readonly y: string; readonly color: string | null; readonly title: string }
  | { readonly op: "overlap" }
  | { readonly op: "union"; readonly threshold: number }
  /** Two groups of documents, feature by feature; only features that fire in at least `least` documents are tested. `paired`: the first document of one is a pair with the first of the other. */
  | { readonly op: "compare"; readonly by: CompareBy; readonly least: number; readonly threshold: number; readonly paired?: true }
  /** The same of columns of rows: those of one value of `unit` are one score, their mean; null: each row is one. */
  | { readonly op: "compare_columns"; readonly columns: readonly string[]; readonly unit: string | null; readonly paired?: true }
  | { readonly op: "count"; readonly by: readonly string[] }
  | { readonly op: "describe" }
  /** Its input is explained; run only with `analyze`, for what it takes. */
  | { readonly op: "explain"; readonly analyze: boolean }
  | { readonly op: "assert"; readonly condition: Scalar; readonly message: string; readonly text: string }
  /** The model that reads these rows is edited so; the rows are as they were. */
  | { readonly op: "edit"; readonly edits: readonly Edit[] }
  /** Runs input 1 on the side and passes input 0 on. */
  | { readonly op: "tee" }
  | { readonly op: "save"; readonly path: string; readonly format: SaveFormat }
  /** Its input is kept, on disk too, for `seconds` or as long as there is room. */
  | { readonly op: "cache"; readonly name: string; readonly seconds: number | null }
  | { readonly op: "show"; readonly rows: number | null; readonly wide: boolean };

export type OpName = Op["op"];

/** What may be known of an op without knowing its name. */
export interface Traits {
  /** Keeps every row of input 0 as it is. */
  readonly passes: boolean;
  /** Needs the engine. */
  readonly engine: boolean;
}

const data: Traits = { passes: false, engine: false };
const model: Traits = { passes: false, engine: true };
const effect: Traits = { passes: true, engine: false };

export const OPS = {
  read: data,
  literal: data,
  filter: data,
  project: data,
  sort: data,
  limit: data,
  skip: data,
  distinct: data,
  join: data,
  sample: data,
  split: data,
  group: data,
  member: data,
  group_by: data,
  ungroup: data,
  aggregate: data,
  concat: data,
  chat: data,
  tokenize: data,
  chunk: data,
  forward: model,
  pick: data,
  encode: model,
  decode: model,
  similar: model,
  promotes: model,
  label: data,
  fidelity: data,
  memorize: model,
  generate: model,
  logits: model,
  rank: data,
  statistics: data,
  histogram: data,
  contexts: data,
  rows: data,
  plot: data,
  overlap: data,
  union: data,
  compare: data,
  compare_columns: data,
  count: data,
  describe: data,
  explain: data,
  assert: effect,
  edit: effect,
  tee: effect,
  save: effect,
  cache: effect,
  show: effect,
} as const satisfies Record<OpName, Traits>;

/** A node of the plan. Equal sub-plans have equal keys (`ops/key.ts`) and run once; `at` is never part of a key. */
export interface Plan {
  readonly op: Op;
  readonly inputs: readonly Plan[];
  readonly schema: Schema;
  /** The stage that asked for it, and its words as typed: for progress and run-time errors. */
  readonly at: Span;
  readonly label: string;
  /** The same with the values of params in their place, where it has any: for the headers of results. */
  readonly shown?: string;
}
