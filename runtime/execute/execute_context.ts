/** Without this file what a plan is run with would be known only to the loop that runs it. */
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { ActivationContext } from "../passes/activations.ts";
import type { TextValue, Value } from "../data/frame.ts";
import type { WriteOptions } from "../data/atomic_write.ts";
import type { Progress } from "../engine/port.ts";
import type { Recording } from "./recording.ts";
import type { SavedRounds } from "./saved_rounds.ts";
import type { Turns } from "../turns.ts";
import type { ValueStore } from "./value_store.ts";

export interface ExecuteContext extends Omit<ActivationContext, "onProgress" | "onKept"> {
  /** Nodes of this pipeline that are done: a `tee` that several stages continue is shown once. */
  readonly done: Map<Plan, Value>;
  /** Where the stages stand that a session has shown, saved or asserted by: what follows them may be known, and they are not. */
  readonly performed: WeakSet<Span>;
  readonly values: ValueStore;
  readonly onProgress: (plan: Plan, progress: Progress) => void;
  /** Work on rows that takes its time: the share that is done, null where nobody knows, 1 at its end. */
  readonly onWork?: (plan: Plan, share: number | null) => void;
  /** How many rows of a large file have come, of how many. */
  readonly onRows?: (read: Plan, rows: number, total: number) => void;
  /** Of so many texts so many were known already, and the model does not read them again. */
  readonly onKeptTexts?: (plan: Plan, kept: number, all: number) => void;
  /** A result on the side: of a `tee`, or of `show`. */
  readonly onResult: (plan: Plan, value: Value) => void;
  readonly onNotice: (text: string) => void;
  readonly onSaved: (path: string, detail: string) => void;
  readonly outputPath: (path: string) => string;
  /** Held against the grants once the folder is open: see `gate.ts`. */
  readonly admitWrite: WriteOptions["admit"];
  /** The last stage, where nobody asks for its value: it need not be held. */
  readonly unseen?: Plan;
  /** Files of activations, which are written while their passes run. */
  readonly savedRounds: SavedRounds;
  /** Texts that a pass takes together at most, where it keeps figures or writes; as many as are good where absent. */
  readonly roundTexts?: number;
  /** CSV is written as the data has it, whatever a spreadsheet makes of it. */
  readonly rawCsv?: boolean;
  /** Explain what `plan` stands on; `run` runs it, for what it takes, where that is asked. */
  readonly explain: (plan: Plan, evaluate: (plan: Plan) => Promise<Value>, run: (recording: Recording) => Promise<Value>) => Promise<TextValue>;
  /** Notes what each op takes. */
  readonly recording?: Recording;
  /** Keep a value beyond the session; the bytes it took, or null where there is no place for it. */
  readonly keep: (plan: Plan, value: Value, seconds: number | null) => Promise<number | null>;
}

/** One op to be done: its node of the plan, and the values of its inputs. */
export interface OpWork {
  readonly plan: Plan;
  readonly inputs: readonly Value[];
  readonly context: ExecuteContext;
  readonly turns: Turns;
}

/** Progress of one stage, for those who watch and for the record. */
export function progressOf(plan: Plan, { recording, onProgress, onKeptTexts }: ExecuteContext): Pick<ActivationContext, "onProgress"> & { readonly onKept: (kept: number, all: number) => void } {
  return {
    onProgress: (progress) => {
      recording?.progress(plan, progress);
      onProgress(plan, progress);
    },
    onKept: (kept, all) => {
      recording?.knownTexts(plan, kept);
      onKeptTexts?.(plan, kept, all);
    },
  };
}
