/** Without this file the language server would not know what is in the files, models and SAEs that a script names. */
import { createHash } from "node:crypto";
import { needKey, type Facts, type Need, type Scope } from "../../src/check/scope.ts";
import { compile } from "../../src/pipeline.ts";
import type { Surroundings } from "../../src/assist/analyse.ts";
import { START } from "../../runtime/session/start_settings.ts";
import { createCatalog } from "../../runtime/catalog/catalog.ts";
import { foreseeable } from "../../runtime/session/foreseeable.ts";

/** What is known of the world seen from one folder. Grows in the background; nothing is run and nothing written. */
export interface Knowledge {
  /** The same object as long as nothing new is known. */
  surroundings(): Surroundings;
  /** Whether the names that come with saeq are known; until then every use of them would be a mistake. */
  opened(): boolean;
  /** Look these up; `changed` is called when something became known. */
  want(needs: readonly Need[]): void;
  /** Files may have changed: what was read from them, and what was not there, is looked up again. */
  readFilesAgain(): void;
  /** The text of a module changed in the editor, or is the file's again. */
  readModuleAgain(path: string): void;
}

/** More files than this are not read again one by one. */
const MOST_FILES = 200;

const EMPTY: Scope = { relations: new Map(), standard: new Map(), params: new Map(), stages: new Map(), absent: new Map(), base: "", settings: START };

/** Relative names in scripts are resolved in `readFrom`. `failed` hears of bugs, not of missing files. `edited`: the text of a file as it is in the editor, null where it is not open. */
export function openKnowledge(readFrom: string, changed: () => void, failed: (error: unknown) => void, edited: (path: string) => string | null = () => null): Knowledge {
  const catalog = createCatalog(readFrom);
  const facts = new Map<string, Facts extends ReadonlyMap<string, infer F> ? F : never>();
  const files = new Map<string, Need>();
  const loading = new Map<string, Need>();
  let around: Surroundings | null = null;
  let standard: Scope["standard"] | null = null;
  let generation = 0;

  function lookUp(need: Need): void {
    const key = needKey(need);
    if (!facts.has(key)) readAgain(need, key);
  }

  /** What is known stays until it is read again, so that nothing flickers. */
  function readAgain(need: Need, key: string): void {
    if (loading.has(key) || !foreseeable(need, catalog.inputPath)) return;
    loading.set(key, need);
    const started = generation;
    found(need).then((known) => {
      loading.delete(key);
      if (started !== generation) return readAgain(need, key);
      if (need.kind === "table" || need.kind === "template" || need.kind === "folder" || need.kind === "module" || known.state === "failed") files.set(key, need);
      // Only schemas are of use here; rows would fill the memory.
      catalog.forgetTables();
      catalog.takeNotes();
      if (JSON.stringify(facts.get(key)) === JSON.stringify(known)) return;
      facts.set(key, known);
      around = null;
      changed();
    }, (error: unknown) => {
      loading.delete(key);
      failed(error);
    });
  }

  /** A module is what the editor shows of it, saved or not. */
  async function found(need: Need): Promise<ReturnType<typeof facts.get> & object> {
    const text = need.kind === "module" && !need.path.startsWith("std:") ? edited(catalog.inputPath(need.path)) : null;
    return text === null ? catalog.lookUp(need) : { state: "known", value: { text, digest: createHash("sha256").update(text).digest("hex") } };
  }

  /** Names of the standard module; empty until its table is read. */
  function standardNames(): Scope["standard"] {
    if (standard !== null) return standard;
    const { scope, needs } = compile('use "std:memorization"', { scope: EMPTY, facts, params: {}, interactive: false, rules: [] });
    needs.forEach(lookUp);
    if (needs.length > 0) return new Map();
    standard = new Map([...scope.relations].filter(([, plan]) => plan.schema.known));
    return standard;
  }

  return {
    surroundings: () => (around ??= { scope: { ...EMPTY, standard: standardNames() }, facts: new Map(facts) }),
    opened: () => standard !== null,
    want: (needs) => needs.forEach(lookUp),
    readModuleAgain: (path) => {
      // One that is being read may have been read from the file.
      for (const [key, need] of [...files, ...loading]) {
        if (need.kind !== "module" || catalog.inputPath(need.path) !== path) continue;
        generation++;
        readAgain(need, key);
      }
    },
    readFilesAgain: () => {
      generation++;
      catalog.forgetTables();
      // Every beginning of a name that was typed is a file that is not there.
      if (files.size > MOST_FILES) {
        for (const key of files.keys()) facts.delete(key);
        files.clear();
        around = null;
      }
      for (const [key, need] of files) readAgain(need, key);
    },
  };
}
