/** Without this file a plan that was checked would not become results, progress, notices and one error: it is run here, with all that a session has. */
import { resolve } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { describeTarget, targetClass } from "../../src/emit/target.ts";
import { source as valueSource } from "../../src/ops/key.ts";
import { OPS, type Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import type { Settings } from "../../src/stages/stage.ts";
import { keptTokenIds, onlyRead, TOKENIZED_ANEW, type keptCards } from "../cache/kept_tokens.ts";
import { keepValue, recallValues } from "../execute/kept_values.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { companionsOf, createCompanions } from "../passes/companions.ts";
import { counted } from "../counted.ts";
import type { Value } from "../data/frame.ts";
import { loadPainter } from "../execute/save.ts";
import type { ScreenCounts } from "../engine/port.ts";
import { execute } from "../execute/execute.ts";
import { failure } from "./failure.ts";
import type { Gate } from "../data/admission.ts";
import { headerOf } from "./header.ts";
import type { HubCall } from "../hub/hub.ts";
import { runsModel } from "../execute/value_key.ts";
import { explain } from "../planner/explain.ts";
import { machineWriting, machineSpeed } from "../planner/machine.ts";
import { createProgress } from "./progress.ts";
import { createSavedRounds } from "../execute/saved_rounds.ts";
import type { SessionCache } from "./session_cache.ts";
import { onlyOnCpu } from "../passes/computable.ts";
import type { SessionEngine } from "./session_engine.ts";
import type { Outcome, SessionEvent, SessionOptions, Source } from "./session_port.ts";
import type { ValueStore } from "../execute/value_store.ts";

/** What a session has, whatever it runs. */
export interface RunContext {
  readonly options: Pick<SessionOptions, "interactive" | "observe" | "writeTo" | "rawCsv" | "cache" | "savedUnseen"> & { readonly measured?: boolean; readonly roundTexts?: number };
  readonly catalog: Catalog;
  readonly cards: ReturnType<typeof keptCards>;
  readonly cache: SessionCache;
  readonly engines: SessionEngine;
  readonly gate: Gate;
  readonly graphs: Map<string, EmittedGraph>;
  /** SAEs that were found to fit their model. */
  readonly passed: Set<string>;
  /** Taps that passes of other lines could not read along. */
  readonly refused: Set<string>;
  readonly screened: Map<string, ScreenCounts>;
  readonly performed: WeakSet<Span>;
  readonly values: ValueStore;
  /** The number of one more result. */
  readonly nextResult: () => number;
  /** The value of this plan is the last result. */
  readonly remember: (kept: Plan) => void;
  readonly rememberError: (diagnostic: Diagnostic, source: Source) => void;
}

export interface PipelineRun {
  readonly pipeline: CompiledPipeline;
  /** Pipelines of its source that come after it. */
  readonly later: readonly CompiledPipeline[];
  readonly settings: Settings;
  readonly source: Source;
  readonly call: HubCall;
  readonly onEvent: (event: SessionEvent) => void;
}

/** Whether nobody asks for what a `save` passes on. A record tells of every stage, and in the REPL it is there to go on from. */
export function savesUnseen({ savedUnseen, interactive, observe }: Pick<SessionOptions, "savedUnseen" | "interactive" | "observe">): boolean {
  return savedUnseen === true && !interactive && observe === undefined;
}

/** What runs pipelines, one after another; null where one went well. Never throws for a fault of the outside. */
export function createPipelineRunner({ options, catalog, cards, cache, engines, gate, graphs, passed, refused, screened, performed, values, nextResult, remember, rememberError }: RunContext): (run: PipelineRun) => Promise<Outcome | null> {
  /** SAEs of which it was said that there was too little to try them on. */
  const untried = new Set<string>();
  return async ({ pipeline, later, settings, source, call, onEvent }) => {
    const { signal } = call;
    const kept = new Map<Plan, number>();
    const progress = createProgress<Plan>(onEvent, (plan) => kept.get(plan) ?? 0);
    const told = new Set<string>();
    const show = (plan: Plan, value: Value, final: boolean): void => {
      const { precision } = pipeline.settings;
      const display = plan.op.op === "show" ? { rows: plan.op.rows, wide: plan.op.wide, quiet: false, precision } : { rows: null, wide: false, quiet: (plan.op.op === "save" && value.kind !== "plot") || plan.op.op === "cache", precision };
      const named = final && valueSource(plan).op.op !== "explain";
      const index = named ? nextResult() : 0;
      onEvent({ kind: "result", value, header: `${shortened(withoutEffects(plan).shown ?? withoutEffects(plan).label)}  ${headerOf(value, where)}`, display, index, last: final && later.length === 0, at: pipeline.at });
    };
    const drawing = nodes(pipeline.plan).some(({ op }) => op.op === "save" && op.format === "svg");
    let reached: readonly [number, number] = [0, 0];
    const outputPath = (path: string): string => resolve(options.writeTo, path);
    const onNotice = (text: string): void => {
      if (!told.has(text)) onEvent({ kind: "notice", text });
      told.add(text);
    };
    const savedRounds = createSavedRounds(pipeline.plan, { signal, outputPath, onNotice, admitWrite: gate.admitWrite, rawCsv: options.rawCsv === true });
    const onDisk = cache.diskFor(settings);
    let where = "";
    let unwatch = (): void => {};
    try {
      await catalog.provide(pipeline.plan, call);
      if (onDisk !== null) await cards.write(onDisk);
      const { engine, place } = await engines.forPlan(pipeline.plan, settings, onlyOnCpu(pipeline.plan, catalog));
      where = describeTarget(place.target);
      unwatch = engine.onStill((pid) => onNotice(`the engine process ${pid} is stopped, and is waited for; this lets it go on: kill -CONT ${pid}`));
      const own = {
        engine,
        // What was computed without the guard is kept apart: it is no answer where the guard is asked for.
        numerics: `${targetClass(place.target)}${settings.guard ? "" : "|unguarded"}`,
        catalog,
        store: cache.storeFor(settings, later.length === 0 && !options.interactive),
        // Of a table of tokens nothing else is kept, either.
        tokenIds: onDisk === null || !runsModel(pipeline.plan) ? TOKENIZED_ANEW : keptTokenIds(onDisk),
        graphs,
        guard: {
          on: settings.guard,
          passed,
          untried: (pair: string, text: string) => {
            if (!untried.has(pair)) onNotice(text);
            untried.add(pair);
          },
        },
        encodeKernel: settings.encode,
        memory: settings.memory === null ? null : settings.memory * 1e6,
        screened,
        residuals: settings.cache === "residuals",
        values,
      };
      // A record tells of every stage, also of those before a value that was kept.
      if (onDisk !== null && options.observe === undefined) recallValues(pipeline.plan, onDisk, own);
      const done = new Map<Plan, Value>();
      const value = await execute(pipeline.plan, {
        ...own,
        // What is on the hub only, or still to be converted, is brought by the line that asks for it.
        ...(settings.cache === "off" ? {} : { companions: createCompanions(companionsOf(pipeline.plan, !runsModel(pipeline.plan) ? [] : later.map(({ plan }) => plan).filter(catalog.here)), refused) }),
        done,
        performed,
        signal,
        onProgress: (plan, counts) => {
          // The engine is at work, and this process waits for it.
          if (drawing) loadPainter();
          reached = [counts.documents, counts.totalDocuments];
          progress(plan, counts);
        },
        onWork: (plan, share) => progress(plan, { documents: share ?? 0, totalDocuments: 1, tokens: (share ?? 0) * 1e6, totalTokens: 1e6 }, "work"),
        onRows: (read, rows, total) => progress(read, { documents: rows, totalDocuments: total, tokens: rows, totalTokens: total }, "rows"),
        onKeptTexts: (plan, known, all) => {
          kept.set(plan, known);
          if (options.interactive && known === all && all > 0) onEvent({ kind: "finished", stage: plan.label, elapsedMs: 0, detail: `${counted(all, "text")}, cached` });
        },
        onResult: (plan, side) => show(plan, side, plan === pipeline.plan),
        onNotice,
        onSaved: (path, detail) => onEvent({ kind: "saved", path, detail }),
        outputPath,
        savedRounds,
        ...(options.roundTexts === undefined ? {} : { roundTexts: options.roundTexts }),
        admitWrite: gate.admitWrite,
        rawCsv: options.rawCsv === true,
        ...(savesUnseen(options) ? { unseen: pipeline.plan } : {}),
        explain: (plan, evaluate, execution) => explain(pipeline, plan, { ...own, tokenIds: onlyRead(own.tokenIds), signal, evaluate, placement: place, threads: engine.options.threads, speed: async () => (options.measured === false ? null : machineSpeed(engine, options.cache?.folder ?? null)), writing: async () => (options.measured === false ? null : machineWriting(engine, options.cache?.folder ?? null)) }, execution),
        keep: async (plan, kept, seconds) => (onDisk === null ? null : keepValue(plan, kept, seconds, onDisk, own)),
      });
      if (pipeline.plan.op.op !== "show") show(pipeline.plan, value, true);
      options.observe?.({ pipeline, values: done, settings, engine: { ...engine.options, target: place.target } });
      if (options.interactive) {
        const kept = withoutEffects(pipeline.written);
        if (kept.op.op !== "explain") remember(kept);
      }
      return null;
    } catch (error) {
      const { diagnostic, exitCode, cancelled } = failure(error, source.text, pipeline.at, reached, settings.cache !== "off" && (options.interactive || onDisk !== null));
      onEvent({ kind: "diagnostic", diagnostic, source });
      rememberError(diagnostic, source);
      return { exitCode, cancelled, diagnostics: [diagnostic] };
    } finally {
      unwatch();
      await savedRounds.discard();
      for (const text of cache.takeNotes()) onEvent({ kind: "notice", text });
    }
  };
}

/** What gives the value of a plan, and what is done to the model that will read it: nothing that was shown or saved on the way is done again. */
function withoutEffects(plan: Plan): Plan {
  if (!OPS[plan.op.op].passes) return plan;
  const input = withoutEffects(plan.inputs[0]!);
  return plan.op.op === "edit" ? { ...plan, inputs: [input] } : input;
}

/** A stage as typed, on one line. */
function shortened(label: string): string {
  const line = label.replace(/\s+/g, " ");
  return line.length > 48 ? `${line.slice(0, 47)}…` : line;
}
