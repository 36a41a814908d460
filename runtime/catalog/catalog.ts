/** Without this file names of files, models and SAEs would be looked up in many places, each with its own rules. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import type { AnyFacts, Known, ModuleFacts, Need, Problem } from "../../src/check/scope.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import type { ModelRef, Op, Plan, SaeRef } from "../../src/ops/op.ts";
import type { ModelFacts, SaeFacts } from "../../src/stages/stage.ts";
import { createCatalogCheckpoints } from "./catalog_checkpoints.ts";
import { createCatalogTables, tablePath } from "./catalog_tables.ts";
import { checkedTemplate } from "../checkpoint/chat/chat_files.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import type { TokenizerCards } from "../checkpoint/tokenizer/card.ts";
import { shellWord } from "../data/shell_word.ts";
import { DataError } from "../data/error.ts";
import type { Table } from "../data/frame.ts";
import { textFiles } from "../data/text_folder.ts";
import type { ReadCall } from "../data/source.ts";
import { readModule } from "./module_file.ts";
import { realPath, type Gate } from "../data/admission.ts";
import type { HubCall } from "../hub/hub.ts";
import { createLocator, meantOnHub, meantSae, namesHub, type Located } from "./locate.ts";
import type { Patience } from "../hub/request.ts";
import { EXAMPLES, registered, STANDARD_MODULES, STANDARD_PREFIX } from "./shipped.ts";

export interface LoadedModel {
  readonly facts: ModelFacts;
  readonly spec: DecoderSpec;
  readonly tokenizer: Tokenizer;
  readonly located: Located;
}
export interface LoadedSae {
  readonly facts: SaeFacts;
  readonly spec: SaeSpec;
  readonly located: Located;
  /** False while its weights are on the hub only, or still to be converted: then `spec` tells shapes and names, and must not be computed with. */
  readonly whole: boolean;
}

/** A model as its configuration and the headers of its weights tell it; only its tokenizer knows the rest. */
export interface ModelOutline {
  readonly facts: Omit<ModelFacts, "prependsBos">;
  readonly spec: DecoderSpec;
  readonly located: Located;
}

/** Only what is on this machine, and nobody to tell: as while somebody types. */
export const HERE: HubCall = { signal: new AbortController().signal, network: false, onProgress: () => {} };

/** Files, models and SAEs by name; each is read once and kept while its content stays the same. */
export interface Catalog {
  lookUp(need: Need, call?: HubCall): Promise<Known<AnyFacts>>;
  /** What is known of a model before its tokenizer is read, which takes longest; `lookUp` goes on from there. Null where it cannot be had, or its weights are not here. */
  outline(name: string, call?: HubCall): Promise<ModelOutline["facts"] | null>;
  /** Bring what a plan computes with and what is on the hub only, and convert what cannot be mapped. @throws CheckpointError; AbortError */
  provide(plan: Plan, call: HubCall): Promise<void>;
  /** Whether all that a plan computes with is on this machine as it can be read: `provide` has nothing to do. */
  here(plan: Plan): boolean;
  /** What readers had to say of files since last asked: mixed line ends, blank lines. */
  takeNotes(): readonly string[];
  /** Forget files, so that the next look-up sees what changed on disk. Models stay. */
  forgetTables(): void;
  table(op: Op & { readonly op: "read" }): Promise<Table>;
  /** A large file in pieces, and how many rows it has; null for others, which are held. */
  stream(op: Op & { readonly op: "read" }, call: ReadCall): { readonly pieces: AsyncGenerator<Table>; readonly rows: number } | null;
  model(ref: ModelRef): LoadedModel;
  /** The same of a model of which no more than the outline may be known. */
  spec(ref: ModelRef): DecoderSpec;
  sae(ref: SaeRef): LoadedSae;
  /** The absolute path behind a name in a script. */
  inputPath(path: string): string;
}

/** Where the hub is and how long to hope for it; not needed where only this machine is looked at. */
export interface CatalogOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly patience?: Patience;
  /** CSV, JSON lines and Parquet from this size on are scanned when they are checked and streamed when they are run. */
  readonly streamBytes?: number;
  /** Where what was learnt of tokenizers is looked up and kept; nowhere where absent. */
  readonly cards?: TokenizerCards;
  /** What files and hosts are held against; everything may be read where there is none. */
  readonly gate?: Gate;
}

const STREAM_BYTES = 32 * 2 ** 20;

/** Paths of inputs are relative to `readFrom`. */
export function createCatalog(readFrom: string, options: CatalogOptions = {}): Catalog {
  const locator = createLocator(readFrom, options.env ?? process.env, options.patience);
  const tables = createCatalogTables(readFrom, options.streamBytes ?? STREAM_BYTES);
  const checkpoints = createCatalogCheckpoints(locator, options.cards);
  const gated = <T>(work: () => T): T => options.gate?.run(work) ?? work();
  const inputPath = (path: string): string => tablePath(path, readFrom);

  return {
    inputPath,
    takeNotes: () => [...tables.takeNotes(), ...checkpoints.takeNotes()],
    forgetTables: () => {
      tables.forget();
    },
    stream: (op, call) => {
      const found = tables.stream(op, call);
      return found === null ? null : { ...found, pieces: options.gate?.rows(found.pieces) ?? found.pieces };
    },
    provide: (plan, call) => gated(() => checkpoints.provide(plan, call)),
    here: checkpoints.here,
    lookUp: (need, call = HERE) => gated(async (): Promise<Known<AnyFacts>> => {
      try {
        switch (need.kind) {
          case "table":
            return { state: "known", value: await tables.facts(need, call) };
          case "template": {
            const file = { kind: "table", path: need.path, separator: "", types: {}, format: "text", lenient: { whole: "file" } } as const;
            const { kind: _, ...read } = file;
            const { digest } = await tables.facts(file, call);
            const [cells] = (await tables.table({ op: "read", ...read, digest })).columns;
            return { state: "known", value: await checkedTemplate({ name: need.path, text: String(cells?.values[0] ?? "") }) };
          }
          case "folder":
            return { state: "known", value: { names: await textFiles(inputPath(need.path)) } };
          case "model":
            return { state: "known", value: (await checkpoints.loadModel(need.name, call)).facts };
          case "chat":
            return { state: "known", value: await checkpoints.chat(need.name, need.additional, call) };
          case "sae":
            return { state: "known", value: (await checkpoints.loadSae(need.name, need.convention, call)).facts };
          case "module": {
            const name = need.path.startsWith(STANDARD_PREFIX) ? need.path.slice(STANDARD_PREFIX.length) : null;
            return { state: "known", value: name === null ? await readModule(inputPath(need.path)) : standardModule(name) };
          }
          default:
            return need satisfies never;
        }
      } catch (error) {
        const problem = asTyped(problemOf(error, need), need, readFrom);
        if (!call.network && problem.code === "hub-unavailable") return { state: "pending" };
        const ships = problem.code === "missing-file" && (need.kind === "table" || need.kind === "folder") ? shippedName(need.path) : null;
        const above = ships === null && problem.code === "missing-file" && "path" in need ? nameAbove(need.path, inputPath) : null;
        if (above !== null) return { state: "failed", problem: { ...problem, notes: [...problem.notes, "a path is read from the folder of the script, and a file of that name lies above it"], help: reading(need, above), instead: above } };
        return { state: "failed", problem: ships === null ? problem : { ...problem, notes: [...problem.notes, "a file of that name ships with saeq"], help: reading(need, ships), instead: ships } };
      }
    }),
    table: (op) => gated(() => tables.table(op)),
    outline: (name, call = HERE) => gated(() => checkpoints.outline(name, call)),
    spec: checkpoints.spec,
    model: checkpoints.model,
    sae: checkpoints.sae,
  };
}

/** The same problem with the name that the script uses instead of the place it was found at: what was typed is what is recognised. */
function asTyped(problem: Problem, need: Need, readFrom: string): Problem {
  const typed = "path" in need ? need.path : need.name;
  if ("path" in need && problem.code === "missing-file" && /^(?:https?|ftp):\/\/\S+$/.test(typed)) return { ...problem, message: `there is no file ${typed}`, notes: ["files are read from this disk; an address is downloaded first"], help: `curl -LO ${shellWord(typed)}` };
  if (isAbsolute(typed) || (!("path" in need) && namesHub(need.kind === "sae" ? "sae" : "model", typed))) return problem;
  const meant = need.kind === "sae" && problem.code === "missing-file" && !existsSync(resolve(readFrom, typed)) ? meantSae(typed) : null;
  if (meant !== null) return { code: "unknown-sae", message: `no folder and no known SAE is called \`${typed}\``, notes: ["`saeq sae search` looks through all that are known"], help: `set sae "${meant}"` };
  const place = "path" in need ? tablePath(need.path, readFrom) : (registered(need.kind === "sae" ? "sae" : "model", typed) ?? resolve(readFrom, typed));
  const onHub = (need.kind === "model" || need.kind === "sae") && problem.code === "missing-file" && !existsSync(place) ? meantOnHub(need.kind, typed) : null;
  if (onHub !== null) return { ...problem, message: `folder ${typed} does not exist`, notes: [...problem.notes, `${need.kind === "model" ? "models" : "SAEs"} of the hub are written hf:org/name${need.kind === "model" ? "" : "/folder"}`], help: `set ${need.kind} "${onHub}"` };
  // What lies beside it is named as from the script, too.
  const beside = /[\\/]/.test(typed) ? `${dirname(typed)}/` : "";
  const shorten = (text: string): string => text.replaceAll(place, typed).replaceAll(realPath(place), typed).replaceAll(`${dirname(place)}${sep}`, beside);
  return { ...problem, message: shorten(problem.message), notes: problem.notes.map(shorten), help: shorten(problem.help), ...(problem.instead === undefined ? {} : { instead: shorten(problem.instead) }) };
}

/** What ships with saeq under a path that was written, as from the folder of the examples, or under its last part; null where nothing does. */
function shippedName(path: string): string | null {
  const found = [path.replace(/^(?:\.\/)?(?:examples\/)?/, ""), basename(path)].find((name) => name !== "" && !isAbsolute(name) && !/(?:^|[\\/])\.\.(?:[\\/]|$)/.test(name) && existsSync(join(EXAMPLES, name)));
  return found === undefined ? null : `${STANDARD_PREFIX}${found}`;
}

/** How far up a file is looked for that does not lie where it was named. */
const FOLDERS_UP = 2;

/** A relative path from a folder above, where a file lies there; null where none does. */
function nameAbove(path: string, inputPath: (path: string) => string): string | null {
  if (isAbsolute(path) || path.startsWith(STANDARD_PREFIX) || /(?:^|[\\/])\.\.(?:[\\/]|$)/.test(path)) return null;
  for (let up = 1; up <= FOLDERS_UP; up++) {
    const name = `${"../".repeat(up)}${path.replace(/^\.\//, "")}`;
    if (statSync(inputPath(name), { throwIfNoEntry: false })?.isFile() === true) return name;
  }
  return null;
}

function standardModule(name: string): ModuleFacts {
  const text = Object.hasOwn(STANDARD_MODULES, name) ? STANDARD_MODULES[name] : undefined;
  if (text === undefined) throw new DataError({ code: "missing-file", message: `there is no standard module \`${name}\``, notes: [`standard modules: ${Object.keys(STANDARD_MODULES).map((each) => STANDARD_PREFIX + each).join(", ")}`], help: `use ${JSON.stringify(STANDARD_PREFIX + Object.keys(STANDARD_MODULES)[0]!)}` });
  return { text, digest: name };
}

/** The line that reads another file in place of one. */
function reading(need: Need, path: string): string {
  switch (need.kind) {
    case "table": return `${need.format} ${JSON.stringify(path)}`;
    case "template": return `chat template ${JSON.stringify(path)}`;
    case "folder": return `text ${JSON.stringify(path)}`;
    case "module": return `use ${JSON.stringify(path)}`;
    case "chat": return `set model ${JSON.stringify(path)}`;
    case "model":
    case "sae": return `set ${need.kind} ${JSON.stringify(path)}`;
    default: return need satisfies never;
  }
}

/** A file that an argument names and that is one text: no stage reads it, so only the name in its place is a way out. */
const isTemplate = (need: Need): boolean => need.kind === "table" && need.lenient?.whole === "file";

/** A fault of the outside as a problem to show; bugs are thrown on. */
function problemOf(error: unknown, need: Need): Problem {
  if (error instanceof CheckpointError) return { code: error.code, message: error.message, notes: error.notes, help: error.help };
  if (error instanceof DataError) {
    const [first, ...others] = error.near;
    const notes = others.length === 0 ? error.notes : [...error.notes, `near: ${error.near.join(", ")}`];
    return { code: error.code, message: error.message, notes, help: first === undefined ? (error.help ?? "") : reading(need, first), ...(first === undefined || !isTemplate(need) ? {} : { instead: first }) };
  }
  throw error;
}
