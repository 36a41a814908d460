/** Without this file a stage could not be written down as data. */
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Folded, Hook, HookFacts } from "../ops/hook.ts";
import type { Leniency, ModelRef, Op, Plan, SaeRef, TableFormat } from "../ops/op.ts";
import type { Kind, Schema } from "../ops/schema.ts";
import type { ArgSpecs, ArgValues, Shape } from "./args.ts";

export interface TableFacts {
  readonly schema: Schema;
  readonly rows: number;
  readonly digest: string;
  /** The values of text columns that have few, for completion. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}
export interface ModelFacts {
  readonly ref: ModelRef;
  readonly layers: number;
  readonly hiddenSize: number;
  /** `model_type`, for messages. */
  readonly architecture: string;
  readonly norm: "rms" | "layer";
  readonly hooks: HookFacts;
  readonly context: number;
  /** Ids that end a text which the model writes. */
  readonly ends: readonly number[];
  /** Whether the tokenizer itself puts BOS first. */
  readonly prependsBos: boolean;
  /** Its repository on the hub; null for a folder that tells of none. */
  readonly repository: string | null;
}
/** What a model's files say of conversations. */
export interface ChatFacts {
  /** Its own templates, `default` among them where it has one; none for a base model. */
  readonly templates: readonly ChatTemplate[];
  /** `bos_token`, `eos_token` … as texts: a template may print them. */
  readonly tokens: Readonly<Record<string, string>>;
}
export interface ChatTemplate {
  readonly name: string;
  readonly text: string;
  /** Names that it reads. */
  readonly reads: readonly string[];
  /** Those of them that are given from outside, or may be. */
  readonly asks: readonly string[];
  /** Why it cannot be done; null where it can. */
  readonly problem: string | null;
}
export interface SaeFacts {
  readonly ref: SaeRef;
  readonly dIn: number;
  readonly dSae: number;
  readonly layer: number | null;
  readonly hook: Hook | null;
  readonly hookName: string;
  /** Whether it was trained on a stream whose mean over the dimensions is subtracted. */
  readonly centred: boolean;
  /** Whether it was trained on heads without their value biases; null: with them. */
  readonly folded: Folded | null;
  readonly prependBos: boolean;
  /** Why features cannot be decoded; null where they can. */
  readonly noDecoder: string | null;
  /** The module of the block whose output it was trained on, where its format names modules. */
  readonly module: string | null;
  /** Where a transcoder writes; null for an SAE, which gives back what it reads. */
  readonly writes: { readonly layer: number | null; readonly hook: Hook | null; readonly hookName: string; readonly width: number } | null;
  /** The repository of the model it was trained on; null where nobody says. */
  readonly trainedOn: string | null;
  /** What Neuronpedia calls it, with its model; null where nobody says. */
  readonly neuronpedia: string | null;
  /** An SAE of the registry: its model is used where none was set. */
  readonly selectsModel: boolean;
}

export type Category = "sources" | "tables" | "groups" | "model" | "features" | "results" | "defined";

/** What a stage sees while it is turned into ops. Facts are null when they cannot be had; that is already reported. */
export interface Lowering {
  /** The plan this stage continues; throws for a source without input. */
  readonly input: Plan;
  readonly hasInput: boolean;
  readonly settings: Readonly<Settings>;
  node(op: Op, inputs: readonly Plan[], schema: Schema): Plan;
  /** Where a file lies that an argument names by its value and not as a path; the right to read it is asked for. */
  file(path: string, argument: string): string;
  /** The text files of a folder, in order; "file" where the path is none of a folder. Null as for facts. */
  textFiles(path: string, argument: string): readonly string[] | "file" | null;
  table(path: string, separator: string, types: Readonly<Record<string, string>>, format: TableFormat, lenient?: Leniency): TableFacts | null;
  model(): ModelFacts | null;
  /** The chat templates of that model; `additional`: those of its `additional_chat_templates` too. */
  chat(additional: boolean): ChatFacts | null;
  /** The chat template that a file holds. */
  template(path: string): ChatTemplate | null;
  /** The SAEs that were set, in order; [] when a fact is missing and reported. */
  saes(): readonly SaeFacts[];
  /** The SAE that a plan was made with, which may be set no longer; null where nothing is known of it. Reports nothing. */
  saeOf(ref: SaeRef): SaeFacts | null;
  /** The nearest of some names to a word that is none of them; null where none comes near. */
  nearest(word: string, names: readonly string[]): string | null;
  /** Where an argument stands, or the whole stage. */
  at(argument: string): Span;
  given(argument: string): boolean;
  /** What would lead to an input of one of these kinds, where the one at hand will not do. */
  way(kinds: readonly Kind[]): Pick<Diagnostic, "label" | "fix" | "help">;
  /** The stage taken out again, with the pipe before it. */
  readonly leftOut: Fix;
  /** The stage as it is written, or one of its arguments, with its keyword. */
  written(argument?: string): string;
  /** The items of an argument, as they are written. */
  members(argument: string): readonly string[];
  /** Other words in place of the whole stage. */
  instead(text: string): Fix;
  /** One of its arguments taken out again. */
  without(argument: string): Fix;
  /** Other stages in place of the last one of that name before it, where all that follows that one here takes what they give; null where it does not. */
  insteadOf(name: string, text: string): Fix | null;
  /** The stage and all that stands behind it in its pipeline, written anew; `written` is given what stands behind, with its pipe. Null where it gives null, or the line does not work. */
  anew(written: (behind: string) => string | null): Fix | null;
  report(diagnostic: Omit<Diagnostic, "severity" | "span"> & { readonly severity?: Diagnostic["severity"]; readonly span?: Span }): void;
}

/** How features are encoded: all in float32, or screened in eight bits first; by cost with "auto". The results are the same. */
export type EncodeKernel = "auto" | "dense" | "screened";

/** Effective settings; every key can be `set`. */
export interface Settings {
  readonly seed: string;
  readonly seedGiven: boolean;
  readonly model: string;
  /** False: `model` is the one that a session starts with. */
  readonly modelGiven: boolean;
  readonly sae: readonly string[];
  /** SAEs that were set for other models, which come back with their model. */
  readonly saesOfModels: Readonly<Record<string, readonly string[]>>;
  readonly convention: string;
  /** Whether an SAE is checked against the model before its results count. */
  readonly guard: boolean;
  readonly bos: boolean | null;
  readonly threshold: number;
  readonly long: "error" | "truncate";
  readonly lanes: number | null;
  readonly threads: number | null;
  readonly batch: number | null;
  /** Megabytes that all processes together may take; null: most of what is free. */
  readonly memory: number | null;
  readonly encode: EncodeKernel;
  readonly cache: "off" | "memory" | "disk" | "residuals";
  /** Where the model runs, and in which numbers; null: the provider's first. */
  readonly ep: "auto" | "cpu" | "webgpu" | "cuda" | "openvino";
  readonly dtype: "f32" | "f16" | "bf16" | null;
  readonly precision: number;
}

export interface StageDefinition {
  readonly name: string;
  readonly doc: string;
  readonly category: Category;
  readonly args: ArgSpecs;
  /** Kinds it accepts; empty: it is a source and starts a pipeline. */
  readonly input: readonly Kind[];
  /** True: it may also start a pipeline. */
  readonly inputOptional: boolean;
  /** "required": the input must be groups. "refused": must not. "any": applied to each group or to the whole. */
  readonly groups: "any" | "required" | "refused";
  /** What it gives is what it got: it is there for what it does on the way. */
  readonly passes?: true;
  readonly examples: readonly { readonly title: string; readonly query: string }[];
  /** Names that other tools have for just this: a fix may put the stage in their place. */
  readonly alsoCalled: readonly string[];
  /** Words under which it is found, those of `alsoCalled` too; what is only near to it is no fix. */
  readonly searchTerms: readonly string[];
  /** What does the same to an input that it does not take, for its message. */
  readonly instead: Readonly<Partial<Record<Kind, string>>>;
  /** Flags of other tools that are none of its arguments: what stands for each, the likeliest first; "": nothing, since it is so anyway. */
  readonly foreignWords?: Readonly<Record<string, readonly string[] | Foreign>>;
  /** The same wish, written for an input that it does not take (`top 5` of a table is `take 5` where that is ranked); null: none is known. Not `sure`: something was guessed. */
  rewritten?(label: string, input: Plan): { readonly text: string; readonly sure: boolean } | null;
  /** It says how the model is read: behind a stage that has read it, it was meant before that. */
  readonly beforeReading?: true;
  /** Behind activations it is meant for the features that fire most, not for rows, before or after. */
  readonly ofFeatures?: true;
  /** The step it is on the way from one kind to another. */
  readonly between?: Between;
  lower(context: Lowering, args: Readonly<Record<string, unknown>>): Plan | null;
  /** A stage written in saeq: the checker puts its body in place of the call instead of lowering it. */
  readonly defined?: unknown;
}

/** A word of other tools that is no argument here. */
export interface Foreign {
  /** What stands for it, the likeliest first; "": nothing. */
  readonly words: readonly string[];
  /** What is told of it. */
  readonly why?: string;
  /** Whether it has a value, which goes with it. */
  readonly valued?: true;
}

/** A stage as it is written where it only leads to a kind that a later one takes. */
export interface Between {
  readonly gives: Kind;
  readonly written: (layer: number) => string;
  /** Whether it can be made of such an input; of any that the stage takes, where absent. */
  readonly fits?: (input: Schema) => boolean;
}

interface StageInput<A extends ArgSpecs> {
  readonly name: string;
  readonly doc: string;
  readonly category: Category;
  readonly args: A;
  readonly input: readonly Kind[];
  readonly inputOptional?: boolean;
  readonly groups?: "any" | "required" | "refused";
  readonly passes?: true;
  readonly examples: StageDefinition["examples"];
  readonly alsoCalled?: readonly string[];
  readonly foreignWords?: Readonly<Record<string, readonly string[] | Foreign>>;
  readonly searchTerms?: readonly string[];
  readonly instead?: StageDefinition["instead"];
  readonly rewritten?: (label: string, input: Plan) => { readonly text: string; readonly sure: boolean } | null;
  readonly beforeReading?: true;
  readonly ofFeatures?: true;
  readonly between?: Between;
  /** Arguments and facts → ops. Null after a reported mistake. */
  lower(context: Lowering, args: ArgValues<A>): Plan | null;
}

/** Declare a stage. Parser, help, completion, messages, reference and tests read the returned data. */
export function stage<const A extends ArgSpecs>(definition: StageInput<A>): StageDefinition {
  return {
    ...definition,
    inputOptional: definition.inputOptional ?? false,
    groups: definition.groups ?? "any",
    alsoCalled: definition.alsoCalled ?? [],
    searchTerms: [...(definition.alsoCalled ?? []), ...(definition.searchTerms ?? [])],
    instead: definition.instead ?? {},
    lower: (context, args) => definition.lower(context, args as ArgValues<A>),
  };
}

/** `sample <n> [draw <int>]` */
export function usage(definition: StageDefinition): string {
  const words = Object.entries(definition.args).map(([name, spec]) => {
    const shape = spec.shape;
    const value = shape.kind === "oneOf" ? shape.options.join("|") : `<${spec.keyword ? shapeName(shape) : name}>`;
    const body = shape.kind === "flag" ? name : spec.keyword ? `${name} ${value}` : value;
    return spec.required ? body : `[${body}]`;
  });
  return [definition.name, ...words].join(" ");
}

/** What stands in an argument, as usage and reference call it. */
export function shapeName({ kind }: Shape): string {
  return kind === "string" ? "text" : kind;
}
