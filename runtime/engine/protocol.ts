/** Without this file the two ends of the engine's pipe would not speak the same words. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Feeds, TensorData } from "./port.ts";

/** A graph travels with its content once per process; later by its key alone, until the process answers `missing`. */
export interface GraphReference {
  readonly key: string;
  readonly content: GraphContent | null;
}

export interface GraphContent extends Pick<EmittedGraph, "bytes" | "target" | "tail"> {
  /** Outputs that are fed back at the next step. */
  readonly caches: readonly string[];
}

/** What the host asks. Each request gets exactly one reply with its `id`. */
export type Request =
  | { readonly kind: "run"; readonly id: number; readonly graph: GraphReference; readonly feeds: Feeds }
  /** Read prompts of one length, two or more, and keep their cache under `text`: the reply's ids continue them. */
  | { readonly kind: "begin"; readonly id: number; readonly graph: GraphReference; readonly text: number; readonly prompts: readonly Int32Array[] }
  /** One more id for each prompt of `text`. */
  | { readonly kind: "step"; readonly id: number; readonly text: number }
  /** Forget the cache of `text`. */
  | { readonly kind: "end"; readonly id: number; readonly text: number };

export type Outputs = Readonly<Record<string, TensorData>>;

export type Reply =
  /** int64 outputs come as int32: they are row numbers, feature and token ids. `ms` is the time inside the runtime. */
  | { readonly kind: "done"; readonly id: number; readonly outputs: Outputs; readonly ms: number }
  | { readonly kind: "missing"; readonly id: number }
  /** `opening`: the session could not be made; nothing was run. */
  | { readonly kind: "failed"; readonly id: number; readonly opening: boolean; readonly message: string };
