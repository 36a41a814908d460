/** Without this file names of files, models and SAEs would be looked up in many places, each with its own rules. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import type { Known, ModuleFacts, Need, Problem } from "../src/check/scope.ts";
import type { DecoderSpec, SaeSpec, Convention } from "../src/emit/specs.ts";
import type { ModelFacts, SaeFacts, TableFacts } from "../src/stages/stage.ts";
import type { ModelRef, Op, SaeRef } from "../src/ops/op.ts";
import type { ColumnSchema } from "../src/ops/schema.ts";
import { CheckpointError } from "./checkpoint/error.ts";
import { readModel } from "./checkpoint/model.ts";
import { readSae } from "./checkpoint/sae.ts";
import { readTokenizer, requireVocabulary, type Tokenizer } from "./checkpoint/tokenizer.ts";
import { scanCsv, streamCsv, type Scan } from "./data/csv_stream.ts";
import { DataError } from "./data/error.ts";
import type { Table } from "./data/frame.ts";
import { fewValues } from "./data/few_values.ts";
import { readTable } from "./data/read.ts";
import { readModule } from "./module_file.ts";
import { realPath } from "./permissions.ts";
import { EXAMPLES, registered, STANDARD_MODULES, STANDARD_PREFIX } from "./shipped.ts";

export interface LoadedModel {
  readonly facts: ModelFacts;
  readonly spec: DecoderSpec;
  readonly tokenizer: Tokenizer;
}
export interface LoadedSae {
  readonly facts: SaeFacts;
  readonly spec: SaeSpec;
}

/** Files, models and SAEs by name; each is read once and kept while its content stays the same. */
export interface Catalog {
  lookUp(need: Need): Promise<Known<TableFacts | ModelFacts | SaeFacts | ModuleFacts>>;
  /** What readers had to say of files since last asked: mixed line ends, blank lines. */
  takeNotes(): readonly string[];
  /** Forget files, so that the next look-up sees what changed on disk. Models stay. */
  forgetTables(): void;
  table(op: Op & { readonly op: "read" }): Promise<Table>;
  /** A large CSV file in pieces; null for others, which are held. */
  stream(op: Op & { readonly op: "read" }): AsyncGenerator<Table> | null;
  model(ref: ModelRef): LoadedModel;
  sae(ref: SaeRef): LoadedSae;
  /** The absolute path behind a name in a script. */
  inputPath(path: string): string;
}

/** CSV files from this size on are scanned when they are checked and streamed when they are run. */
const STREAM_BYTES = 32 * 2 ** 20;

/** Paths of inputs are relative to `readFrom`. */
export function createCatalog(readFrom: string, streamBytes = STREAM_BYTES): Catalog {
  const scans = new Map<string, Scan>();
  const tables = new Map<string, { readonly table: Table; readonly digest: string }>();
  let notes: string[] = [];
  const models = new Map<string, LoadedModel>();
  const saes = new Map<string, LoadedSae>();
  const inputPath = (path: string): string => placeOf(path, readFrom);
  const tableKey = (need: { readonly path: string; readonly separator: string; readonly types: object; readonly format: string; readonly lenient?: object }): string =>
    JSON.stringify([need.path, need.separator, need.types, need.format, need.lenient]);

  async function loadTable(need: Need & { readonly kind: "table" }): Promise<{ table: Table; digest: string }> {
    const known = tables.get(tableKey(need));
    if (known !== undefined) return known;
    const path = inputPath(need.path);
    const read = await readTable(path, need);
    const kept = { table: read.table, digest: read.digest };
    tables.set(tableKey(need), kept);
    notes.push(...read.notes.map((note) => `${need.path}: ${note}`));
    return kept;
  }

  /** Names, types and digest of a table: of a large one without holding it. */
  async function factsOf(need: Need & { readonly kind: "table" }): Promise<TableFacts> {
    const facts = (columns: readonly ColumnSchema[], rows: number, digest: string): TableFacts => ({ schema: { kind: "table", columns, groups: null, known: true }, rows, digest });
    // Files read with leniency, and separators that are none, are the whole reader's business.
    const large = need.format === "csv" && need.lenient === undefined && /^[\t !#-~]$/.test(need.separator) && (await stat(inputPath(need.path)).then((found) => found.isFile() && found.size >= streamBytes, () => false));
    if (!large) {
      const { table, digest } = await loadTable(need);
      return { ...facts(table.columns.map(({ name, type }) => ({ name, type })), table.rows, digest), values: fewValues(table) };
    }
    const known = scans.get(tableKey(need));
    const scan = known ?? (await scanCsv(inputPath(need.path), need));
    scans.set(tableKey(need), scan);
    if (known === undefined) notes.push(...scan.notes.map((note) => `${need.path}: ${note}`));
    return facts(scan.columns.map(({ name, type }) => ({ name, type })), scan.rows, scan.digest);
  }

  async function loadModel(name: string): Promise<LoadedModel> {
    const folder = folderOf("model", name, readFrom);
    const known = [...models.values()].find((each) => each.facts.ref.name === name);
    if (known !== undefined) return known;
    const { spec } = await readModel(folder);
    const tokenizer = await readTokenizer(folder);
    requireVocabulary(tokenizer, spec.embed.shape[0]!, name);
    const facts: ModelFacts = {
      ref: { name, digest: spec.digest },
      layers: spec.blocks.length,
      hiddenSize: spec.hiddenSize,
      context: spec.context,
      prependsBos: tokenizer.prependsBos,
    };
    const loaded = { facts, spec, tokenizer };
    models.set(spec.digest, loaded);
    return loaded;
  }

  async function loadSae(name: string, convention: string): Promise<LoadedSae> {
    const known = [...saes.values()].find((each) => each.facts.ref.name === name && (each.facts.ref.convention === convention || convention === "auto"));
    if (known !== undefined) return known;
    const spec = await readSae(folderOf("sae", name, readFrom), { convention: convention === "auto" ? null : (convention as Convention) });
    const facts: SaeFacts = {
      ref: { name, digest: spec.digest, convention: spec.convention },
      dIn: spec.dIn,
      dSae: spec.dSae,
      layer: spec.layer,
      hook: spec.hook,
      hookName: spec.hookName,
      prependBos: spec.prependBos,
      noDecoder: spec.decoder === null ? spec.noDecoder : null,
      writes: spec.hookOut,
    };
    notes.push(...spec.notes);
    const loaded = { facts, spec };
    saes.set(`${spec.digest}|${spec.convention}`, loaded);
    return loaded;
  }

  return {
    inputPath,
    takeNotes: () => {
      const taken = notes;
      notes = [];
      return taken;
    },
    forgetTables: () => {
      tables.clear();
      notes = [];
      scans.clear();
    },
    stream: (op) => {
      const scan = scans.get(tableKey(op));
      return scan === undefined || scan.digest !== op.digest || tables.has(tableKey(op)) ? null : streamCsv(inputPath(op.path), op.separator, scan);
    },
    lookUp: async (need) => {
      try {
        switch (need.kind) {
          case "table":
            return { state: "known", value: await factsOf(need) };
          case "model":
            return { state: "known", value: (await loadModel(need.name)).facts };
          case "sae":
            return { state: "known", value: (await loadSae(need.name, need.convention)).facts };
          case "module": {
            const name = need.path.startsWith(STANDARD_PREFIX) ? need.path.slice(STANDARD_PREFIX.length) : null;
            return { state: "known", value: name === null ? await readModule(inputPath(need.path)) : standardModule(name) };
          }
          default:
            return need satisfies never;
        }
      } catch (error) {
        const problem = asTyped(problemOf(error), need, readFrom);
        const ships = problem.code === "missing-file" && need.kind === "table" && existsSync(join(EXAMPLES, basename(need.path)));
        return { state: "failed", problem: ships ? { ...problem, help: `${need.format} "${STANDARD_PREFIX}${basename(need.path)}" reads the file of that name that ships with saeq` } : problem };
      }
    },
    table: async (op) => {
      const { table, digest } = await loadTable({ kind: "table", path: op.path, separator: op.separator, types: op.types, format: op.format, ...(op.lenient === undefined ? {} : { lenient: op.lenient }) });
      if (digest !== op.digest) throw new DataError({ code: "input-changed", message: `\`${op.path}\` changed after it was checked`, help: `run the line that reads it again: ${op.format} "${op.path}"` });
      return table;
    },
    model: (ref) => {
      const found = models.get(ref.digest);
      if (found === undefined) throw new Error(`model ${ref.name} was not checked`);
      return found;
    },
    sae: (ref) => {
      const found = saes.get(`${ref.digest}|${ref.convention}`);
      if (found === undefined) throw new Error(`SAE ${ref.name} was not checked`);
      return found;
    },
  };
}

/** The same problem with the name that the script uses instead of the place it was found at: what was typed is what is recognised. */
function asTyped(problem: Problem, need: Need, readFrom: string): Problem {
  const typed = need.kind === "table" || need.kind === "module" ? need.path : need.name;
  if (typed.startsWith("hf:") || isAbsolute(typed)) return problem;
  const place = need.kind === "table" || need.kind === "module" ? placeOf(need.path, readFrom) : folderOf(need.kind, typed, readFrom);
  const shorten = (text: string): string => text.replaceAll(place, typed).replaceAll(realPath(place), typed);
  return { ...problem, message: shorten(problem.message), notes: problem.notes.map(shorten), help: shorten(problem.help) };
}

function standardModule(name: string): ModuleFacts {
  const text = Object.hasOwn(STANDARD_MODULES, name) ? STANDARD_MODULES[name] : undefined;
  if (text === undefined) throw new DataError({ code: "missing-file", message: `there is no standard module \`${name}\``, help: `standard modules: ${Object.keys(STANDARD_MODULES).map((each) => STANDARD_PREFIX + each).join(", ")}` });
  return { text, digest: name };
}

function placeOf(path: string, readFrom: string): string {
  return path.startsWith(STANDARD_PREFIX) ? join(EXAMPLES, path.slice(STANDARD_PREFIX.length)) : isAbsolute(path) ? path : resolve(readFrom, path);
}

function folderOf(kind: "model" | "sae", name: string, readFrom: string): string {
  if (name.startsWith("hf:"))
    throw new CheckpointError("hub-unavailable", `\`${name}\` names a repository on the hub, and downloading is not available yet`, { help: `set ${kind} "path/to/folder"` });
  return registered(kind, name) ?? (isAbsolute(name) ? name : resolve(readFrom, name));
}

/** A fault of the outside as a problem to show; bugs are thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CheckpointError) return { code: error.code, message: error.message, notes: error.notes, help: error.help };
  if (error instanceof DataError) return { code: error.code, message: error.message, notes: error.notes, help: error.help ?? "" };
  throw error;
}
