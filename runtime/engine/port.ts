/** Without this file the session would depend on how inference is hosted (today: supervised child processes). */
import type { RankingGraph } from "../../src/emit/directions.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import type { Drawing } from "../kernels/drawing.ts";
import type { Asked, Predictions } from "../kernels/softmax.ts";

export type TensorData =
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: "float64"; readonly data: Float64Array; readonly dims: readonly number[] }
  | { readonly type: "int32"; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: "int64"; readonly data: BigInt64Array; readonly dims: readonly number[] };

export type Feeds = Readonly<Record<string, TensorData>>;

/** One document for the model: ids [n], and the positions whose activations are wanted (ascending). */
export interface Document {
  readonly ids: Int32Array;
  readonly wanted: Uint32Array;
  /** Of a graph whose edits have windows: of each, in the order of `windowsOf`, its first position here and the one behind its last. */
  readonly edited?: Int32Array;
}

/** What one tap gives for one document: CSR over its wanted positions, or dense [wanted, width]. */
export type TapOutput =
  | { readonly kind: "sparse"; readonly indptr: Uint32Array; readonly indices: Uint32Array; readonly values: Float32Array }
  | { readonly kind: "dense"; readonly width: number; readonly values: Float32Array };

export interface Progress {
  readonly documents: number;
  readonly totalDocuments: number;
  readonly tokens: number;
  readonly totalTokens: number;
}

/** How a screened tap went: rows, pairs that the bound could not exclude, values computed for them, rows computed densely. */
export interface ScreenCounts {
  readonly rows: number;
  readonly candidates: number;
  readonly computed: number;
  readonly dense: number;
}

/** The processor's eight-bit product: whether its sums are exact, and how many times as fast as float32 it is. */
export interface EightBits {
  readonly exact: boolean;
  readonly ratio: number;
}

/** How fast one process does what a step of a continuation is made of, while all work: 10⁹ bytes, or logits, a second. Weights are multiplied by two rows. */
export interface WritingSpeed {
  /** Float32 weights, in a product. */
  readonly single: number;
  /** Weights of two bytes, cast and then in a product, whose float32 copy stays in the processor's caches, */
  readonly half: number;
  /** and those of the largest matrices that are cast at once. */
  readonly tiled: number;
  /** Keys and values, copied to where there is room for those of one token more. */
  readonly copied: number;
  /** Logits that a token is drawn from, a few of which are likely. */
  readonly drawn: number;
}

export const WRITING_SPEED = ["single", "half", "tiled", "copied", "drawn"] as const satisfies readonly (keyof WritingSpeed)[];

/** What a job may take of the engine. Results do not depend on it. */
export interface JobLimits {
  /** Processes that work on it. */
  readonly lanes: number;
  /** Padded tokens and wanted rows of a batch, unless one text has more. */
  readonly tokens: number;
  readonly rows: number;
  /** Where rows may have more active features than memory is reckoned with. */
  readonly active?: ActiveLimits;
}

export interface ActiveLimits {
  /** What was seen of one job holds for others of the same name. */
  readonly of: string;
  /** Features of all taps that may be active in a row. */
  readonly features: number;
  /** Active features of a batch, of all its rows, that there is room for. */
  readonly room: number;
}

export interface JobOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Called once per finished document, in no particular order: what is told here is never lost by a later cancel. */
  readonly onDocument: (index: number, taps: readonly TapOutput[]) => void;
  /** Called for each screened tap of a batch. */
  readonly onScreened?: (tap: number, counts: ScreenCounts) => void;
  /** The engine's own where absent. */
  readonly limits?: JobLimits;
}

export interface PredictJob extends Omit<JobOptions, "onDocument" | "onScreened"> {
  /** What is told of each row; "came": of the token behind each wanted position, which there must be. */
  readonly asked: Exclude<Asked, { readonly kind: "came" }> | { readonly kind: "came" };
  /** Called once per finished document; the rows are those of its wanted positions. */
  readonly onDocument: (index: number, made: Predictions) => void;
}

/** How a next token is drawn from logits that are capped by `cap`. */
export interface StepDrawing extends Drawing {
  readonly cap: number | null;
}

export interface ContinueJob {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Called once per finished prompt. */
  readonly onDocument: (index: number, ids: Int32Array) => void;
  /** Whether the text of a prompt ends with the last of these new ids; they go on to the last step where absent. */
  readonly ends?: (index: number, ids: Int32Array) => boolean;
  /** How tokens are drawn, for a graph that gives logits, and the next number in [0, 1) of a prompt; absent: the likeliest, which the graph gives. */
  readonly drawn?: { readonly how: StepDrawing; readonly number: (index: number) => number };
  /** Of a graph whose edits have windows: where a text is edited, with its continuation, whose prompt has so many tokens (`Document.edited`). */
  readonly edited?: (length: number) => Int32Array;
  /** `tokens`: of prompts that are read at a time; `rows`: of texts that go on together. */
  readonly limits?: JobLimits;
}

/** Features of all rows, and the residuals [rows, width] that they were encoded from. */
export interface DecodeJob {
  readonly csr: { readonly rows: number; readonly cols: number; readonly indptr: Uint32Array; readonly indices: Uint32Array; readonly values: Float32Array };
  readonly residual: Float32Array;
  readonly width: number;
  readonly rowsAtOnce: number;
  readonly signal: AbortSignal;
  /** Rows that are done. */
  readonly onRows: (done: number) => void;
}

/** Features whose directions are held against all columns of a matrix. */
export interface RankJob {
  readonly features: readonly number[];
  readonly signal: AbortSignal;
  /**
   * Called for each part that is done, in no particular order: the best of its columns for features `from` … of the job, one list for each output of the graph, [features
   * of the part, count] each. Two parts may have columns in common.
   */
  readonly onPart: (from: number, lists: readonly RankedPart[]) => void;
  /** The share that is done. */
  readonly onShare: (share: number) => void;
}

export interface RankedPart {
  readonly count: number;
  readonly values: Float32Array;
  readonly ids: Int32Array;
}

/** Settings that belong to a plan's numerics class. */
export interface EngineOptions {
  /** Engine processes, each with `threads` intra-op threads. */
  readonly lanes: number;
  readonly threads: number;
  /** Whether a job that leaves processes idle has their threads too. */
  readonly threadsByJob?: boolean;
  /** Documents per micro-batch at most; null: chosen so that a batch takes about 250 ms. */
  readonly batch: number | null;
  /** The CPU in float32 where not said. */
  readonly target?: Target;
  /** Path of the library of a plugin provider. */
  readonly library?: string;
}

/** A user-facing failure of the engine. `code` is a diagnostic code: `engine-died`, `engine-failed`, `out-of-memory`, `device-lost`, `no-provider`. */
export class EngineError extends Error {
  readonly code: string;
  readonly help: string;
  readonly notes: readonly string[];
  constructor(code: string, message: string, help: string, notes: readonly string[] = []) {
    super(message);
    this.code = code;
    this.help = help;
    this.notes = notes;
  }
}

export interface Engine {
  readonly options: EngineOptions;
  /** Run a forward graph over documents. Rejects with AbortError after the running micro-batch, or with EngineError. */
  forward(graph: EmittedGraph, taps: number, documents: readonly Document[], job: JobOptions): Promise<void>;
  /** Encode dense residuals [rows, d] with an encode graph; one TapOutput for all rows. */
  encode(graph: EmittedGraph, residual: Float32Array, width: number, signal: AbortSignal, onScreened?: JobOptions["onScreened"], limits?: JobLimits): Promise<TapOutput>;
  /** Reconstruct activations from the features of a decode graph (`emitDecode`), at most `rowsAtOnce` rows in a call; [rows, outputs of the decoder]. */
  decode(graph: EmittedGraph, job: DecodeJob): Promise<Float32Array>;
  /** The best columns of a matrix for some features, part by part. */
  rank(graph: RankingGraph, job: RankJob): Promise<void>;
  /** Measured once, in about 50 ms. */
  eightBits(): Promise<EightBits>;
  /** 10⁹ float32 operations a second of one process while all of them work: of a bare product, measured once. */
  speed(): Promise<number>;
  /** Measured once, in about 0.15 s. */
  writing(): Promise<WritingSpeed>;
  /** Whether this SAE's encoder is there in eight bits already. */
  quantized(sae: SaeSpec): boolean;
  /** What comes behind the wanted positions of documents, with a graph of `emitPredict`. */
  predict(graph: EmittedGraph, documents: readonly Document[], job: PredictJob): Promise<void>;
  /** Continuation: prompts of equal or different length, `steps` new ids each, or fewer where a text has ended. */
  generate(graph: EmittedGraph, prompts: readonly Int32Array[], steps: number, job: ContinueJob): Promise<void>;
  /** Start so many processes now, which a job will use soon; with `graph` they open it, and its features are computed densely. What fails is told by the job. */
  start(lanes: number, graph?: EmittedGraph): void;
  /** Process ids of living lanes: for tests and `doctor`. */
  readonly pids: readonly number[];
  /** Be told, again and again, of a process that owes an answer and is stopped (Linux); call what comes back to hear no more. */
  onStill(tell: (pid: number) => void): () => void;
  /** End the processes now, in the middle of a batch (a second Ctrl-C): running jobs reject; the next use starts anew. */
  kill(): void;
  /** End every process and wait until they are gone; nothing runs afterwards. */
  close(): Promise<void>;
}
