/** Without this file the REPL and the command line would have to know how a session works inside. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Completions as Completion } from "../../src/assist/complete.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { Compiled, CompiledPipeline } from "../../src/pipeline.ts";
import type { Settings } from "../../src/stages/stage.ts";
import type { CheckpointAtHand } from "../catalog/checkpoints_at_hand.ts";
import type { CachePlace } from "../cache/folder.ts";
import type { Value } from "../data/frame.ts";
import type { EngineOptions } from "../engine/port.ts";
import type { Grants, Needs, Use } from "../permissions/grants.ts";

export interface SessionOptions {
  /** Relative paths of inputs are resolved here: the script's folder, or the current one. */
  readonly readFrom: string;
  /** Relative paths of outputs are resolved here. */
  readonly writeTo: string;
  readonly grants: Grants;
  /** `--n 20`: values for `param` statements, as typed on the command line. */
  readonly params: Readonly<Record<string, string>>;
  /** `set` pairs given as flags: seed, model, sae, lanes, threads, batch … */
  readonly settings: Readonly<Record<string, string>>;
  readonly engine?: Partial<EngineOptions>;
  /** Where results outlive the session; without it they do not. */
  readonly cache?: CachePlace | null;
  /** Nothing is downloaded, whatever is granted. */
  readonly offline?: boolean;
  /** Told of each pipeline that ended well, with the values of its stages, which are let go afterwards. */
  readonly observe?: (ran: RanPipeline) => void;
  /** In the REPL shadowing a `let` is a notice and `_` continues; in scripts both are errors. */
  readonly interactive: boolean;
  /** CSV and TSV are saved as the data has it; else text that spreadsheets would run gets a `'` in front. */
  readonly rawCsv?: boolean;
  /** The value of a pipeline that ends in `save` is not asked for: it may come without rows. */
  readonly savedUnseen?: boolean;
  /** Told of each file and host as it is used. */
  readonly onUse?: (use: Use) => void;
}

/** A pipeline that ended well, for who keeps a record of it. */
export interface RanPipeline {
  readonly pipeline: CompiledPipeline;
  /** What its stages gave, as far as they were computed one by one. */
  readonly values: ReadonlyMap<Plan, Value>;
  readonly settings: Settings;
  readonly engine: EngineOptions;
}

export interface Source {
  /** Shown in diagnostics: `repl`, `memorization.saeq`. */
  readonly name: string;
  readonly text: string;
}

export interface ProgressEvent {
  readonly kind: "progress";
  /** The stage as typed: `acts layer 7 last 50`. */
  readonly stage: string;
  readonly documents: number;
  readonly totalDocuments: number;
  readonly tokens: number;
  readonly totalTokens: number;
  /** "bytes": a download, or a large file that is scanned; then documents are files and tokens are bytes. "rows": both are rows of a large file. "work": both are shares of the work, 0 where nobody knows. */
  readonly unit?: "bytes" | "rows" | "work";
  readonly elapsedMs: number;
  /** Exponentially smoothed; 0 until known. */
  readonly tokensPerSecond: number;
  readonly etaSeconds: number | null;
}

/** `show` settings that travel with a result. */
export interface Display {
  readonly rows: number | null;
  readonly wide: boolean;
  /** The pipeline ends in `save`: people are told the file name only; machines still get the rows. */
  readonly quiet: boolean;
  /** Significant digits, as set where the pipeline stands; the usual number where absent. */
  readonly precision?: number;
}

export type SessionEvent =
  | ProgressEvent
  /** A stage that took more than 300 ms is done. */
  | { readonly kind: "finished"; readonly stage: string; readonly elapsedMs: number; readonly detail: string }
  /** Facts worth saying once: the seed chosen, rows short of a sample, tokens masked, convention used. */
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic; readonly source: Source }
  /** A result to show; `index` is its `_n` in the REPL, 0 where it has no such name. `last` marks the value of the last pipeline of the source. */
  | { readonly kind: "result"; readonly value: Value; readonly header: string; readonly display: Display; readonly index: number; readonly last: boolean; /** The pipeline that gave it, in the source; absent where there is none. */ readonly at?: Span }
  | { readonly kind: "saved"; readonly path: string; readonly detail: string };

export interface Outcome {
  /** Exit codes of the command line: 0, 1 run time, 2 usage, 3 script errors, 4 permission, 7 assert, 8 device, 10 missing input, 130 cancelled. */
  readonly exitCode: number;
  readonly cancelled: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** The pipelines that ran, in order: the key of each one's plan and the number of its result, 0 where it has none. Absent where nothing of the source took effect. */
  readonly ran?: readonly { readonly key: string; readonly result: number }[];
}

/** What a session holds so that nothing is computed twice. */
export interface Held {
  readonly values: { readonly count: number; readonly bytes: number };
  readonly texts: { readonly count: number; readonly bytes: number };
}

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  readonly needs: Needs;
  /** `param` statements with type, default and doc: for `--help` of a script. */
  readonly params: readonly { readonly name: string; readonly type: string; readonly default: string | null; readonly doc: string }[];
  /** Plans and settings, for tools that look inside; absent where a session does not compile. */
  readonly compiled?: Compiled;
  /** What stands in the way of its saves, as far as folders and files are now; asked only where there are no errors. */
  readonly saves?: () => Promise<readonly Diagnostic[]>;
}

/** What can stand at the caret: see `src/assist/complete.ts`. */
export type { Candidate as CompletionItem, Completions as Completion } from "../../src/assist/complete.ts";

export interface Session {
  /** Compile and run. Never throws for mistakes of the user. A REPL line and a whole script are the same thing. */
  run(source: Source, options: { readonly signal: AbortSignal; readonly onEvent: (event: SessionEvent) => void }): Promise<Outcome>;
  /** Names, types, needs; loads no model weights and runs nothing. `next`: what is checked is run next if it may be, so the engine may start meanwhile. `onEvent` is told how far large files, and what comes from a hub, are read. */
  check(source: Source, next?: "run", onEvent?: (event: SessionEvent) => void): Promise<Checked>;
  /** Synchronous and quick: uses only facts already loaded. */
  complete(text: string, offset: number): Completion;
  /** The mistakes in a text, from facts already loaded; synchronous, changes nothing. Absent where a session does not compile. */
  diagnose?(text: string): readonly Diagnostic[];
  /** Check a text as a script of its own would be: no names of this session, settings as they are where nothing was `set`. */
  checkScript?(source: Source): Promise<Checked>;
  /** What is held; `forget` lets go of it first. Names keep their meaning: values are computed again when asked for. */
  held?(forget: boolean): Held;
  /** Help for a stage, keyword, diagnostic code or setting; null when there is none. */
  help(word: string): string | null;
  /** Effective settings, for `.set` and headers. */
  settings(): Readonly<Record<string, string>>;
  /** Models and SAEs at hand: what ships with saeq and what the hub's cache holds. */
  checkpoints?(): readonly CheckpointAtHand[];
  /** What a model or SAE is, in a few words; or why it cannot be read. */
  describe?(kind: "model" | "sae", name: string): Promise<string>;
  /** `let` names, `_`, `_1` … with their one-line headers, for `.ls`. */
  names(): readonly { readonly name: string; readonly header: string }[];
  /** Kill the engine at once (second Ctrl-C); it is started again on next use. */
  killEngine(): void;
  close(): Promise<void>;
}

export type CreateSession = (options: SessionOptions) => Promise<Session>;
