/** Without this file the two ends of the engine's pipe would not speak the same words. */
import type { QuantizedEncoder, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph, TensorRef } from "../../src/emit/specs.ts";
import type { Asked } from "../kernels/softmax.ts";
import type { Feeds, StepDrawing, TensorData } from "./port.ts";
import type { QuantizeTarget } from "./quantizing.ts";

/** A graph travels with its content once per process; later by its key alone, until the process answers `missing`. */
export interface GraphReference {
  readonly key: string;
  readonly content: GraphContent | null;
}

export interface GraphContent extends Pick<EmittedGraph, "bytes" | "caches" | "target" | "tail" | "head"> {
  /** Taps that leave the graph as `tap{i}_shifted` and this process as triples and `tap{i}_counts`. */
  readonly screenings: readonly Screening[];
}

/** What features of a tap are screened with. */
export interface Screening {
  readonly tap: number;
  readonly sae: SaeSpec;
  readonly encoder: QuantizedEncoder;
}

/** How the next ids are drawn, and a number in [0, 1) for each row. */
export interface StepNumbers extends StepDrawing {
  readonly numbers: Float64Array;
}

/** Prompts side by side, padded on the right to `columns` tokens, and which of them each row goes on with. */
export interface Prompts {
  readonly ids: readonly Int32Array[];
  readonly columns: number;
  readonly rows: Uint32Array;
  /** Where each of them is edited, what follows it included: of graphs whose edits have windows. */
  readonly edited?: readonly Int32Array[];
}

/** What the host asks. Each request gets exactly one reply with its `id`. */
export type Request =
  /** `asked`: of a graph with a head, what is told of its rows. */
  | { readonly kind: "run"; readonly id: number; readonly graph: GraphReference; readonly feeds: Feeds; readonly asked?: Asked }
  /** Open a graph that will be run. */
  | { readonly kind: "open"; readonly id: number; readonly graph: GraphReference }
  /** Read prompts and keep their cache under `text`, behind the rows that are there: the reply's ids are the next of the new rows, drawn where the graph gives logits. */
  | { readonly kind: "begin"; readonly id: number; readonly graph: GraphReference; readonly text: number; readonly prompts: Prompts; readonly drawn?: StepNumbers }
  /** One more id for each row of `text`, or for those that are kept: the others are forgotten. */
  | { readonly kind: "step"; readonly id: number; readonly text: number; readonly keep?: Uint32Array; readonly drawn?: StepNumbers }
  /** Quantise features `from` … `to` of an encoder into a file: `scale`, `norm` and `error` come back. */
  | { readonly kind: "quantize"; readonly id: number; readonly encoder: TensorRef; readonly inOut: boolean; readonly from: number; readonly to: number; readonly target: QuantizeTarget }
  /** `exact` int32 [1]: 1 where this processor's eight-bit product is; `speed` f32 [2]: how many times as fast as float32 it is, and 10⁹ operations a second of float32. */
  | { readonly kind: "measure"; readonly id: number }
  /** `writing` f32 [5]: `WritingSpeed` of this process, in the order of `WRITING_SPEED`. */
  | { readonly kind: "measure_writing"; readonly id: number }
  /** End what runs, where its provider can be asked to, and refuse the runs that wait. */
  | { readonly kind: "stop"; readonly id: number }
  /** Forget the cache of `text`. */
  | { readonly kind: "end"; readonly id: number; readonly text: number };

export type Outputs = Readonly<Record<string, TensorData>>;

export type Reply =
  /** int64 outputs come as int32: they are row numbers, feature and token ids. `ms` is the time inside the runtime. */
  | { readonly kind: "done"; readonly id: number; readonly outputs: Outputs; readonly ms: number }
  | { readonly kind: "missing"; readonly id: number }
  /** `opening`: the session could not be made; nothing was run. */
  | { readonly kind: "failed"; readonly id: number; readonly opening: boolean; readonly message: string };
