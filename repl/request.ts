/** Without this file commands would depend on how the command line is read, and not only on what it asks for. */
import type { LockKind } from "../runtime/lock/lock_file.ts";
import type { Tier } from "../runtime/record/compare.ts";
import type { Denials } from "../runtime/permissions/grants.ts";

/** Flags that every command understands. */
export interface Options {
  /** `true` grants everything; a list grants these paths; empty grants nothing. */
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  /** Hosts. */
  readonly net: true | readonly string[];
  /** Wins over what is granted. */
  readonly deny: Denials;
  /** Name of a set of permissions in `saeq.json`. */
  readonly permissions: string | null;
  /** File that is told of each use of a permission. */
  readonly audit: string | null;
  /** `set` pairs: seed, lanes, threads, batch, ep, dtype. */
  readonly settings: Readonly<Record<string, string>>;
  /** Library of a plugin provider. */
  readonly library: string | null;
  readonly out: string | null;
  readonly format: Format;
  readonly color: "auto" | "always" | "never";
  readonly ascii: boolean;
  readonly progress: boolean;
  /** False: nothing is read from or written to the cache folder. */
  readonly cache: boolean;
  readonly quiet: boolean;
  readonly prompt: boolean;
  /** CSV and TSV as the data has it; else text that spreadsheets would run gets a `'` in front. */
  readonly rawCsv: boolean;
  /** Params of a script that stand without a value: that is right for a bool only. */
  readonly bare?: readonly string[];
  /** Names of flags of saeq's own that stand behind the script: what the script calls so was perhaps meant. */
  readonly behind?: readonly string[];
}

export const formats = ["table", "json", "jsonl", "csv", "tsv"] as const;
export type Format = (typeof formats)[number];

/** What `explain --phase` can show, in the order of the compiler. */
export const phases = ["tokens", "tree", "plan", "rules", "optimized", "all"] as const;
export type Phase = (typeof phases)[number];

export const exportFormats = ["html", "md", "ipynb"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What can be asked about SAEs that are known by name. */
export const saeQuestions = ["ls", "info", "search"] as const;
export type SaeQuestion = (typeof saeQuestions)[number];
export const cacheActions = ["ls", "gc", "clear"] as const;
export type CacheAction = (typeof cacheActions)[number];

/** What the command line asks for. */
export type Request =
  | { readonly kind: "repl"; readonly plain: boolean; readonly code: string | null; readonly history: boolean; readonly options: Options }
  | { readonly kind: "run"; readonly file: string; readonly params: Readonly<Record<string, string>>; readonly help: boolean; readonly record: boolean; readonly frozen: boolean; readonly options: Options }
  | { readonly kind: "eval"; readonly code: string; readonly options: Options }
  | { readonly kind: "check"; readonly files: readonly string[]; readonly json: boolean; readonly options: Options }
  | { readonly kind: "fmt"; readonly files: readonly string[]; readonly check: boolean; readonly fix: boolean; readonly options: Options }
  | { readonly kind: "lint"; readonly files: readonly string[]; readonly rules: boolean; readonly json: boolean; readonly options: Options }
  | { readonly kind: "test"; readonly files: readonly string[]; readonly update: boolean; readonly options: Options }
  | { readonly kind: "lock"; readonly files: readonly string[]; readonly params: Readonly<Record<string, string>>; readonly check: boolean; readonly update: LockKind | "all" | null; readonly options: Options }
  | { readonly kind: "bundle"; readonly file: string; readonly params: Readonly<Record<string, string>>; readonly output: string | null; readonly dataLimit: string | null; readonly models: boolean; readonly results: boolean; readonly options: Options }
  | { readonly kind: "verify"; readonly file: string; readonly params: Readonly<Record<string, string>>; readonly against: string | null; readonly tier: Tier | null; readonly options: Options }
  | { readonly kind: "explain"; readonly target: string; readonly phase: Phase | null; readonly analyze: boolean; readonly json: boolean; readonly params: Readonly<Record<string, string>>; readonly options: Options }
  | { readonly kind: "info"; readonly file: string; readonly permissions: boolean; readonly json: boolean; readonly params: Readonly<Record<string, string>>; readonly options: Options }
  | { readonly kind: "sae"; readonly what: SaeQuestion; readonly words: readonly string[]; readonly model: string | null; readonly layer: number | null; readonly hook: string | null; readonly options: Options }
  | { readonly kind: "export"; readonly file: string; readonly to: ExportFormat; readonly output: string | null; readonly against: string | null; readonly params: Readonly<Record<string, string>>; readonly options: Options }
  | { readonly kind: "parity"; readonly against: string; readonly model: string | null; readonly sae: string | null; readonly convention: string | null; readonly options: Options }
  | { readonly kind: "doc"; readonly word: string | null; readonly options: Options }
  | { readonly kind: "cache"; readonly action: CacheAction; readonly limit: string | null; readonly options: Options }
  | { readonly kind: "completions"; readonly shell: Shell; readonly options: Options }
  | { readonly kind: "lsp"; readonly options: Options }
  | { readonly kind: "doctor"; readonly install: "cuda" | null; readonly from: string | null; readonly options: Options }
  /** Nothing to do but say this: help, version (stdout, 0) or a mistake in the command line (stderr, 2). */
  | { readonly kind: "say"; readonly text: string; readonly exitCode: number };
