/** Without this file there would be a compiler and an engine, but nobody could ask a question. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import { help, stageHelp } from "../../src/assist/help.ts";
import { modelTypesPage } from "../checkpoint/architectures/not_read.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { needKey, type Facts, type Need, type Scope } from "../../src/check/scope.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { drawnFrom } from "../../src/ops/drawn_from.ts";
import { key, source as valueSource, streamStart } from "../../src/ops/key.ts";
import { showType } from "../../src/ops/schema.ts";
import { nodes, type Rule } from "../../src/optimize/rule.ts";
import { RULES, UNSEEN_RULES } from "../../src/optimize/rules.ts";
import type { Compiled, CompiledPipeline } from "../../src/pipeline.ts";
import { keptCards } from "../cache/kept_tokens.ts";
import { createCatalog, HERE } from "../catalog/catalog.ts";
import type { ScreenCounts } from "../engine/port.ts";
import { errorTable } from "./error_table.ts";
import { exitCodeOf, failure, type Failure } from "./failure.ts";
import { MOST_AHEAD } from "../passes/companions.ts";
import { createGate } from "../permissions/gate.ts";
import { realPath } from "../data/admission.ts";
import { hubFolders } from "../hub/environment.ts";
import type { HubCall } from "../hub/hub.ts";
import type { Patience } from "../hub/request.ts";
import { hubHosts } from "../catalog/locate.ts";
import { needsOf } from "../permissions/permissions.ts";
import { overridden } from "./overridden.ts";
import { createProgress, hubCall } from "./progress.ts";
import { createPipelineRunner, savesUnseen } from "./run_pipeline.ts";
import type { Checked, Outcome, Session, SessionEvent, SessionOptions, Source } from "./session_port.ts";
import type { Needs } from "../permissions/grants.ts";
import { unsavable } from "./save_places.ts";
import { createSessionCache } from "./session_cache.ts";
import { createSessionEngine, type SessionEngine } from "./session_engine.ts";
import { EXAMPLES } from "../catalog/shipped.ts";
import { settingsFrom, START } from "./start_settings.ts";
import { settle, type Settled, type Settling, type SettlingContext } from "./settling.ts";
import { counted } from "../counted.ts";
import { createTurns } from "../turns.ts";
import { createTyping, type Fact } from "./typing.ts";
import { createValueStore } from "../execute/value_store.ts";

const VALUE_BYTES = 512 * 2 ** 20;

/** Options beyond the port, for tests. */
export interface InnerOptions extends SessionOptions {
  /** Rules of the optimiser; [] runs plans as written. */
  readonly rules?: readonly Rule[];
  /** Where the hub, its cache and its token are; the process's own environment where absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly patience?: Patience;
  /** false: the speed of the machine is not measured, so that explanations are the same everywhere. */
  readonly measured?: boolean;
  /** CSV files from this size on are streamed. */
  readonly streamBytes?: number;
  /** An engine that is watched, in place of one made as `engine` says. */
  readonly engines?: SessionEngine;
  /** Texts of a round where activations are summed up or written. */
  readonly roundTexts?: number;
}

/** Open a session. No model is read and no engine started before the first `run`; an interactive one knows its names at once. */
export async function createSession(options: InnerOptions): Promise<Session> {
  const env = options.offline === true ? { ...(options.env ?? process.env), HF_HUB_OFFLINE: "1" } : (options.env ?? process.env);
  const caches = hubFolders(env);
  const gate = createGate(options.grants, [EXAMPLES, caches.cache, join(caches.caches, "saeq")].map(realPath), options.onUse);
  const cache = createSessionCache(options.cache ?? null);
  const cards = keptCards(() => cache.diskFor(scope.settings));
  const catalog = createCatalog(options.readFrom, { env, gate, cards, ...(options.patience === undefined ? {} : { patience: options.patience }), ...(options.streamBytes === undefined ? {} : { streamBytes: options.streamBytes }) });
  const needed = (accesses: Compiled["accesses"]): Needs => needsOf(accesses, options.readFrom, options.writeTo, hubHosts(env));
  const values = createValueStore(VALUE_BYTES);
  const graphs = new Map<string, EmittedGraph>();
  /** SAEs that were found to fit their model. */
  const passed = new Set<string>();
  const refused = new Set<string>();
  const screened = new Map<string, ScreenCounts>();
  const performed = new WeakSet<Span>();
  const lasting = new Map<string, Fact>();
  /** Facts of files that people edit: looked up anew for each run. */
  let tables = new Map<string, Fact>();
  const engines = options.engines ?? createSessionEngine(options.engine);
  let results = 0;
  const runPipeline = createPipelineRunner({
    options, catalog, cards, cache, engines, gate, graphs, passed, refused, screened, performed, values,
    nextResult: () => ++results,
    remember: (kept) => {
      scope = { ...scope, relations: new Map(scope.relations).set("_", kept).set(`_${results}`, kept) };
    },
    rememberError: (diagnostic, source) => rememberError([diagnostic], source),
  });
  let toldSeed = false;
  let opening: Promise<void> | null = null;
  const start: Scope = { relations: new Map(), standard: new Map(), params: new Map(), stages: new Map(), absent: new Map(), base: "", settings: settingsFrom(options.settings) };
  let scope = start;

  const facts = (): Facts => new Map([...lasting, ...tables]);
  const typing = createTyping({ catalog, scope: () => scope, facts, params: options.params, interactive: options.interactive, learn });

  const rules = options.rules ?? (savesUnseen(options) ? UNSEEN_RULES : RULES);
  const settling: SettlingContext = { catalog, engines, cache, graphs, passed, params: options.params, rules, facts, learn, needed };
  const settled = (text: string, from: Scope, call: HubCall, how: Partial<Settling> = {}): Promise<Settled> => settle(text, from, call, { grants: options.grants, interactive: options.interactive, ...how }, settling);

  function learn(need: Need, known: Fact): void {
    (isFile(need) ? tables : lasting).set(needKey(need), known);
    typing.remember(need, known);
  }

  /** Bind the standard module, once. */
  function openStandard(): Promise<void> {
    opening ??= bindStandard();
    return opening;
  }

  async function bindStandard(): Promise<void> {
    const { compiled } = await settled('use "std:memorization"', { ...scope, relations: new Map() }, HERE, { grants: { read: true, write: [] } });
    scope = { ...scope, standard: new Map([...compiled.scope.relations].filter(([, plan]) => plan.schema.known)) };
  }

  async function run(source: Source, { signal, onEvent }: Parameters<Session["run"]>[1]): Promise<Outcome> {
    const tell = (diagnostic: Diagnostic): void => onEvent({ kind: "diagnostic", diagnostic, source });
    tables = new Map();
    catalog.forgetTables();
    await openStandard();
    const progress = createProgress(onEvent);
    const call = hubCall(signal, progress);
    const found = await settled(source.text, scope, call, { next: "run" }).catch((error: unknown): Outcome => {
      const { diagnostic, exitCode, cancelled } = failure(error, source.text, { start: 0, end: source.text.length }, [0, 0], options.interactive);
      return { exitCode, cancelled, diagnostics: [diagnostic] };
    });
    if ("exitCode" in found) {
      found.diagnostics.forEach(tell);
      return found;
    }
    const { compiled, refused } = found;
    for (const text of catalog.takeNotes()) onEvent({ kind: "notice", text });
    const problems = refused.length > 0 ? refused : compiled.diagnostics;
    problems.forEach(tell);
    if (problems.some((each) => each.severity === "error")) {
      rememberError(problems, source);
      return { exitCode: exitCodeOf(problems), cancelled: false, diagnostics: problems };
    }
    const hindered = await hindrances(compiled, source.text);
    if (hindered.length > 0) {
      const told = hindered.map(({ diagnostic }) => diagnostic);
      told.forEach(tell);
      rememberError(told, source);
      return { exitCode: hindered[0]!.exitCode, cancelled: false, diagnostics: [...problems, ...told] };
    }
    if (options.interactive) scope = compiled.scope;
    else for (const text of overridden(source.text, options.settings)) onEvent({ kind: "notice", text });
    const settings = compiled.scope.settings;
    const ran: { key: string; result: number }[] = [];
    const turns = createTurns();
    for (const [i, pipeline] of compiled.pipelines.entries()) {
      await turns.between();
      tellSeed(pipeline, onEvent);
      // What is known already is given without a look at the signal.
      const begun = !signal.aborted;
      const outcome = !begun ? stopped(pipeline, source, onEvent) : await runPipeline({ pipeline, later: compiled.pipelines.slice(i + 1, i + 1 + MOST_AHEAD), settings, source, call, onEvent });
      const left = compiled.pipelines.length - i - (begun ? 1 : 0);
      if (outcome !== null) {
        if (outcome.cancelled && left > 0) onEvent({ kind: "notice", text: `${counted(left, "more pipeline")} of these were not run` });
        return { ...outcome, diagnostics: [...problems, ...outcome.diagnostics], ran };
      }
      ran.push({ key: key(pipeline.written), result: valueSource(pipeline.written).op.op === "explain" ? 0 : results });
    }
    return { exitCode: 0, cancelled: false, diagnostics: problems, ran };
  }

  function stopped({ at }: CompiledPipeline, source: Source, onEvent: (event: SessionEvent) => void): Outcome {
    const { diagnostic, exitCode, cancelled } = failure(new DOMException("stopped", "AbortError"), source.text, at, [0, 0], options.interactive);
    onEvent({ kind: "diagnostic", diagnostic, source });
    return { exitCode, cancelled, diagnostics: [diagnostic] };
  }

  function hindrances(compiled: Compiled, text: string): Promise<readonly Failure[]> {
    return unsavable(compiled.pipelines, { writeTo: options.writeTo, readFrom: options.readFrom, text, reads: needed(compiled.accesses).read, performed });
  }

  function rememberError(diagnostics: readonly Diagnostic[], source: Source): void {
    const errors = diagnostics.filter((each) => each.severity === "error");
    if (options.interactive && errors.length > 0) scope = { ...scope, relations: new Map(scope.relations).set("_error", errorTable(errors, source)) };
  }

  /** Once: whatever is set later, what was drawn before was drawn with the seed that the session chose. */
  function tellSeed({ plan }: CompiledPipeline, onEvent: (event: SessionEvent) => void): void {
    const { seed, seedGiven } = start.settings;
    if (seedGiven || toldSeed || !nodes(plan).some(({ op }) => drawnFrom(op)?.startsWith(streamStart(seed)) === true)) return;
    toldSeed = true;
    onEvent({ kind: "notice", text: `seed ${seed}, chosen by saeq; to draw the same rows again: set seed ${seed}` });
  }

  if (options.interactive) await openStandard();
  return {
    run,
    check: async (source, next, onEvent): Promise<Checked> => {
      tables = new Map();
      await openStandard();
      const call = onEvent === undefined ? { ...HERE, network: true } : hubCall(HERE.signal, createProgress(onEvent));
      const { compiled } = await settled(source.text, scope, call, { next });
      const saves = async (): Promise<readonly Diagnostic[]> => (await hindrances(compiled, source.text)).map(({ diagnostic }) => diagnostic);
      return { diagnostics: compiled.diagnostics, needs: needed(compiled.accesses), params: compiled.params, compiled, saves };
    },
    complete: typing.complete,
    diagnose: typing.diagnose,
    checkpoints: typing.checkpoints,
    describe: typing.describe,
    checkScript: async (source): Promise<Checked> => {
      tables = new Map();
      catalog.forgetTables();
      await openStandard();
      const { compiled } = await settled(source.text, { ...start, standard: scope.standard, settings: { ...START, seed: String(randomInt(1_000_000)) } }, { ...HERE, network: true }, { interactive: false });
      return { diagnostics: compiled.diagnostics, needs: needed(compiled.accesses), params: compiled.params, compiled };
    },
    held: (forget) => {
      if (forget) {
        values.clear();
        cache.forget();
      }
      return { values: values.held(), texts: cache.held() };
    },
    help: (word) => {
      const own = scope.stages.get(word.trim());
      return own === undefined ? (help(word) ?? modelTypesPage(word)) : stageHelp(own);
    },
    settings: () => Object.fromEntries(Object.entries(SETTINGS).map(([name, spec]) => [name, spec.show(scope.settings)])),
    names: () => [...scope.relations].map(([name, plan]) => ({ name, header: showType(plan.schema) })),
    killEngine: () => engines.kill(),
    close: async () => {
      await engines.close();
      await cache.close();
    },
  };
}

function isFile(need: Need): boolean {
  return need.kind === "table" || need.kind === "template" || need.kind === "folder" || need.kind === "module";
}
