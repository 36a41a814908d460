/** Without this file stages could not hand values to one another at run time. */
import type { Folded, Hook } from "../../src/ops/hook.ts";
import type { PlotMark } from "../../src/ops/op.ts";
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { Accumulator } from "../kernels/accumulate.ts";
import type { Csr, Rows } from "../kernels/csr.ts";

/** A column; `valid` is null when no value is missing, else 1 = present. Strings where invalid are "". */
export type Column =
  | { readonly name: string; readonly type: "int" | "float"; readonly values: Float64Array; readonly valid: Uint8Array | null }
  | { readonly name: string; readonly type: "bool"; readonly values: Uint8Array; readonly valid: Uint8Array | null }
  | { readonly name: string; readonly type: "str"; readonly values: readonly string[]; readonly valid: Uint8Array | null; readonly written?: readonly (WrittenTokens | null)[] };

/**
 * The tokens of a text that would be cut into others by itself: one that a model has written, together with the one before it, or a piece of a longer text. They stand
 * with the row, as two draws, or two pieces, may be one text in different tokens.
 */
export interface WrittenTokens {
  /** Digest of the model whose tokens they are. */
  readonly model: string;
  /** The texts that they are as long as these are unchanged: of a prompt and its continuation, or of one column. */
  readonly texts: readonly string[];
  /** Token ids of each, without a beginning-of-text token that the model is given. */
  readonly ids: readonly ArrayLike<number>[];
}

export type Cell = number | string | boolean | null;

export interface Table {
  readonly kind: "table";
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Where the rows came from, for headers and messages: `memorization.csv`, `prompts`. */
  readonly origin: string;
  /** One per row where the rows are places in texts: how they are shown, as long as no stage has changed them. */
  readonly windows?: readonly ContextWindow[];
  /** The activations that rows were found in or figures are of, by group, for the header. */
  readonly foundIn?: readonly Reading[];
  /** What rows were computed of that were read from no text, for the header: an SAE, a model. */
  readonly about?: readonly string[];
}

/** Which activations something was read from, or, without taps, which texts the model said something of at its end. */
export interface Reading {
  readonly taps: readonly (TapPlace & { readonly sae?: string })[];
  readonly facts: TextFacts;
}

/** Tokens around a place where a feature fires; arrays [tokens of the window]. */
export interface ContextWindow {
  readonly feature: number;
  readonly layer: number;
  readonly activation: number;
  readonly row: number;
  readonly position: number;
  readonly pieces: readonly string[];
  /** Which of them fires. */
  readonly firing: number;
  /** What the feature is called, where somebody has given it a name. */
  readonly label?: string;
  /** The feature's activation at each; null where the model was not read. */
  readonly activations: readonly (number | null)[];
  /** Which tokens are special: they are drawn, and count nowhere. Absent: none. */
  readonly special?: readonly boolean[];
}

/** Documents as token ids. Position 0 is the first token the model sees (BOS where there is one). */
export interface Tokens {
  readonly kind: "tokens";
  readonly table: Table;
  readonly model: string;
  /** One array per row of `table`. */
  readonly ids: readonly Int32Array[];
  /** Per document: the position of the first continuation token, or null when the text is one column. */
  readonly boundary: readonly number[] | null;
  /** Ids masked from statistics: BOS, EOS and the tokenizer's other special tokens. */
  readonly special: ReadonlySet<number>;
  /** The text of one token, for people and for `save`. */
  readonly piece: (id: number) => string;
  /** Ids in a row as text, characters whole where they can be. */
  readonly pieces: (ids: ArrayLike<number>) => readonly string[];
  readonly truncated: number;
  /** Which text was read: "text", "input_text + generated_continuation_text". */
  readonly source: string;
  /** What was done to the model that read them, as it would be written; absent: nothing, or they were not read yet. */
  readonly edits?: string;
}

/** Where activations were read. */
export interface TapPlace {
  readonly layer: number;
  readonly hook: Hook;
  readonly centred?: true;
  readonly folded?: Folded;
  /** The module of transformers whose value it is: `model.layers.7 output`. */
  readonly module?: string;
}

export interface ActsTap extends TapPlace {
  /** Folder or registry name, and convention, as shown in headers. */
  readonly sae: string;
  readonly csr: Csr;
}
export interface Acts {
  readonly kind: "acts";
  readonly tokens: Tokens;
  readonly rows: Rows;
  readonly taps: readonly ActsTap[];
}

/** What headers say of the texts of activations. */
export interface TextFacts {
  readonly texts: number;
  /** Rows, and those of special tokens among them. */
  readonly positions: number;
  readonly masked: number;
  /** Texts cut to the context. */
  readonly truncated: number;
  readonly model: string;
  readonly source: string;
  readonly origin: string;
  readonly edits?: string;
}

/** Activations of which only figures were kept: what plans ask that count, and do not show, them. */
export interface Reduced {
  readonly kind: "reduced";
  readonly facts: TextFacts;
  readonly taps: readonly (TapPlace & { readonly sae: string; readonly cols: number; readonly states: readonly Accumulator[] })[];
  readonly broken: Broken;
}

/** Activations that figures can be asked of. */
export type Measured = Acts | Reduced;

/** Activations that are not finite numbers: how many, and where the first is, all counted from 0. */
export interface Broken {
  readonly count: number;
  readonly first: { readonly text: number; readonly position: number; readonly layer: number } | null;
}

export interface DenseTap extends TapPlace {
  /** The SAE whose reconstruction it is. */
  readonly sae?: string;
  readonly width: number;
  /** [rows, width], row-major. */
  readonly values: Float32Array;
}
export interface Dense {
  readonly kind: "dense";
  readonly tokens: Tokens;
  readonly rows: Rows;
  readonly taps: readonly DenseTap[];
}

/** One row per feature, and the activations it was counted in. */
export interface Features {
  readonly kind: "features";
  /** Columns feature, count, mean, max …; with several layers a column `layer` comes first. */
  readonly table: Table;
  readonly acts: Acts | Reduced;
}

export interface Series {
  readonly name: string;
  /** One count per bin. */
  readonly counts: Float64Array;
  readonly total: number;
}
/** A histogram over shared edges; `edges` has one entry more than each series has counts. */
export interface Plot {
  readonly kind: "plot";
  readonly title: string;
  /** What is counted: "tokens", "active (token, feature) pairs", "rows". */
  readonly unit: string;
  readonly quantity: string;
  readonly edges: Float64Array;
  readonly series: readonly Series[];
  readonly overlay: boolean;
  readonly log: boolean;
  /** Bins are drawn as shares of their series' total. */
  readonly share?: true;
  /** As that of a table. */
  readonly foundIn?: readonly Reading[];
}

/** What stands on the axis of a plot: counts, or shares of each series' total, by bin. */
export function heightsOf({ counts, total }: Series, { share }: Pick<Plot, "share">): Float64Array {
  return share === true ? counts.map((count) => (total === 0 ? 0 : count / total)) : counts;
}

/** What the heights are: "tokens", "share of tokens". */
export const unitOf = ({ unit, share }: Pick<Plot, "unit" | "share">): string => (share === true ? `share of ${unit}` : unit);

/** Rows drawn as marks; `x`, `y` and `color` name columns of `table`. */
export interface Chart {
  readonly kind: "chart";
  readonly mark: PlotMark;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly color: string | null;
  readonly table: Table;
}

export interface TextValue {
  readonly kind: "text";
  readonly text: string;
  /** The same for machines, as JSON. */
  readonly data?: object;
}

export type Single = Table | Tokens | Dense | Acts | Reduced | Features | Plot | Chart | TextValue;
export interface Groups<T extends Single = Single> {
  readonly kind: "groups";
  /** Only for groups made from values: the columns whose values name them. */
  readonly keys?: readonly ColumnSchema[] | undefined;
  /** `keys`: the values that name the group, one for each of those columns. */
  readonly members: readonly { readonly name: string; readonly value: T; readonly keys?: readonly Cell[] }[];
}
export type Value = Single | Groups;
