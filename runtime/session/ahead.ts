/** Without this file the engine's processes would start when all that a run reads has been read, and everything would wait for them. */
import { needKey, type Facts, type Need } from "../../src/check/scope.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { Compiled, CompiledPipeline } from "../../src/pipeline.ts";
import type { Forward } from "../passes/activations.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { companionsOf, MOST_AHEAD, widened } from "../passes/companions.ts";
import { computed } from "../../src/plan/computed.ts";
import type { HubCall } from "../hub/hub.ts";
import { firstGraph } from "../passes/pass_part.ts";
import type { SessionCache } from "./session_cache.ts";
import type { SessionEngine } from "./session_engine.ts";
import { nothingKept } from "../passes/tap_spaces.ts";

export interface AheadContext {
  readonly catalog: Catalog;
  readonly engines: SessionEngine;
  readonly cache: SessionCache;
  readonly graphs: Map<string, EmittedGraph>;
  readonly passed: Set<string>;
  readonly call: HubCall;
  /** The program with these facts beside those that are known; null where it names something that is not granted. */
  readonly draft: (more: Facts) => Promise<Compiled | null>;
  /** Look a fact up and keep it. */
  readonly learn: (need: Need) => Promise<void>;
}

/**
 * Start the engine for a program that waits for the facts of a model, if it is sure to need it: a plan as far as the tokenizer, which takes
 * longest to read and says only whether texts begin with a token of its own, has a pass of which nothing is kept. Whatever fails or is missing
 * here is left to those who do the same work afterwards.
 */
export async function startAhead(model: Need & { readonly kind: "model" }, context: AheadContext): Promise<void> {
  const outline = await context.catalog.outline(model.name, context.call);
  if (outline === null) return;
  for (const prependsBos of [true, false]) {
    const facts: Facts = new Map([[needKey(model), { state: "known", value: { ...outline, prependsBos } }]]);
    const first = await context.draft(facts);
    if (first === null || first.needs.some(({ kind }) => kind !== "sae")) return;
    for (const need of first.needs) await context.learn(need);
    const program = first.needs.length === 0 ? first : await context.draft(facts);
    if (program === null) return;
    if (program.needs.length > 0 || program.diagnostics.some(({ severity }) => severity === "error")) continue;
    for (const [i, pipeline] of program.pipelines.entries()) if (await started(pipeline, program.pipelines.slice(i + 1, i + 1 + MOST_AHEAD), program.scope.settings, context)) return;
    return;
  }
}

async function started({ plan }: CompiledPipeline, later: readonly CompiledPipeline[], settings: Compiled["scope"]["settings"], { catalog, engines, cache, graphs, passed }: AheadContext): Promise<boolean> {
  const parts = [...computed(plan)];
  // What the stage `cache` kept is an answer without any pass.
  if (parts.some(({ op }) => op.op === "cache") || !parts.some(({ op }) => op.op === "forward")) return false;
  const engine = await engines.ahead(plan, settings);
  if (engine === null) return false;
  const context = { catalog, engine, graphs, residuals: settings.cache === "residuals", encodeKernel: settings.encode, guard: { on: settings.guard, passed }, store: cache.storeFor(settings) };
  const along = companionsOf(plan, settings.cache === "off" ? [] : later.map((each) => each.plan).filter(catalog.here));
  const isNew = (pass: Forward): boolean => pass.taps.every(({ sae }) => sae === null || catalog.sae(sae).whole) && nothingKept(pass, context);
  for (const part of parts) {
    const { op } = part;
    // Which tokens an edit leaves alone is told by the tokenizer.
    if (op.op !== "forward" || op.edits !== undefined || !isNew(op)) continue;
    const pass = widened(op, along.get(op) ?? []);
    // How many fit into a limit of memory is known once the texts are.
    engine.start(Math.min(engine.options.lanes, mostTexts(part.inputs[0]!), settings.memory === null ? Number.POSITIVE_INFINITY : 1), (isNew(pass) ? firstGraph(pass, context) : null) ?? undefined);
    return true;
  }
  return false;
}

/** As many texts as a plan can give, as far as it says so itself. */
function mostTexts({ op, inputs, schema }: Plan): number {
  const [input] = inputs;
  switch (op.op) {
    case "literal":
      return op.rows.length;
    case "group":
      return inputs.reduce((sum, each) => sum + mostTexts(each), 0);
    case "sample":
    case "limit":
      return schema.groups === null ? Math.min(op.count, mostTexts(input!)) : mostTexts(input!);
    case "tokenize":
    case "filter":
    case "project":
    case "sort":
    case "skip":
    case "distinct":
    case "edit":
    case "tee":
    case "save":
    case "show":
      return mostTexts(input!);
    default:
      return Number.POSITIVE_INFINITY;
  }
}
