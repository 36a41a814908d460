/** Without this file a dump would be read, and nothing of ours be there to compare it with. */
import { createCatalog, type CatalogOptions } from "../catalog/catalog.ts";
import { forwardGraphOf } from "../passes/activations.ts";
import { targetOf } from "../passes/graph_targets.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { createEngine, defaultEngineOptions } from "../engine/engine.ts";
import type { Progress } from "../engine/port.ts";
import type { HubCall } from "../hub/hub.ts";
import { concatenate } from "../kernels/csr.ts";
import { SHIPPED } from "../catalog/shipped.ts";
import { blocksNeeded } from "../../src/ops/hook.ts";
import type { Plan } from "../../src/ops/op.ts";
import { UNKNOWN } from "../../src/ops/schema.ts";
import type { Known } from "../../src/check/scope.ts";
import type { ModelFacts, SaeFacts } from "../../src/stages/stage.ts";
import { readDump, type Dump } from "./dump.ts";
import { report, type Report } from "./report.ts";

export interface ParityRequest {
  readonly against: string;
  readonly model: string | null;
  readonly sae: string | null;
  readonly convention: string | null;
  readonly readFrom: string;
}

export interface Parity {
  readonly report: Report;
  readonly dump: Dump;
  readonly model: ModelFacts;
  readonly sae: SaeFacts;
}

/**
 * Run the model over the dump's own token ids and compare. The convention is sae_lens' where none is given: the dump was made with it.
 * @throws CheckpointError; EngineError; AbortError
 */
export async function runParity(request: ParityRequest, options: CatalogOptions, call: HubCall, onProgress: (progress: Progress) => void): Promise<Parity> {
  const dump = await readDump(request.against, call.signal);
  const catalog = createCatalog(request.readFrom, options);
  const meta = (name: string): string => (typeof dump.meta[name] === "string" ? (dump.meta[name] as string) : "");
  const sae = known<SaeFacts>(await catalog.lookUp({ kind: "sae", name: request.sae ?? SHIPPED, convention: request.convention ?? (meta("convention") || "saelens") }, call));
  const model = known<ModelFacts>(await catalog.lookUp({ kind: "model", name: request.model ?? (sae.selectsModel && sae.trainedOn !== null ? `hf:${sae.trainedOn}` : SHIPPED) }, call));
  requireSame(dump, model, sae, meta("hook_name"));
  const tap = { layer: sae.layer!, hook: sae.hook!, sae: sae.ref };
  const op = { op: "forward", model: model.ref, taps: [tap], window: { first: null, last: null, of: "all" }, blocks: blocksNeeded(tap), slice: "inside" } as const;
  const plan: Plan = { op, inputs: [], schema: UNKNOWN, at: { start: 0, end: 0 }, label: "parity" };
  await catalog.provide(plan, call);
  const engine = createEngine(defaultEngineOptions());
  try {
    const documents = dump.documents.map((ids) => ({ ids, wanted: Uint32Array.from(ids.keys()) }));
    const graph = forwardGraphOf(op, catalog, new Map(), targetOf(engine), { guarded: true, documents });
    const residual = new Float32Array(dump.residual.length);
    const starts = documents.map(((at) => ({ ids }: { ids: Int32Array }) => (at += ids.length) - ids.length)(0));
    const parts = documents.map(() => ({ indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) }));
    await engine.forward(graph, 2, documents, {
      signal: call.signal,
      onProgress,
      onDocument: (index, [sparse, dense]) => {
        if (sparse?.kind !== "sparse" || dense?.kind !== "dense") throw new Error("parity reads features and the activations they come from");
        parts[index] = { indptr: Uint32Array.from(sparse.indptr), indices: Uint32Array.from(sparse.indices), values: Float32Array.from(sparse.values) };
        residual.set(dense.values, starts[index]! * dump.width);
      },
    });
    return { report: await report(dump, catalog.sae(sae.ref).spec, residual, concatenate(parts, sae.dSae)), dump, model, sae };
  } finally {
    await engine.close();
  }
}

/** Facts on which a comparison rests. */
function requireSame(dump: Dump, model: ModelFacts, sae: SaeFacts, hookName: string): void {
  const differs = (what: string, theirs: string, ours: string): never => {
    throw new CheckpointError("broken-dump", `the dump is of another ${what}: ${theirs}, not ${ours}`, { help: "name the model and SAE that the dump was made with" });
  };
  if (sae.layer === null || sae.hook === null) differs("hook", hookName, sae.hookName || "one that saeq can read");
  if (hookName !== "" && sae.hookName !== "" && hookName !== sae.hookName && !equivalent(hookName, sae.hookName)) differs("hook", hookName, sae.hookName);
  if (dump.width !== sae.dIn) differs("width", `${dump.width} numbers a token`, `${sae.dIn}`);
  if (dump.features.cols !== sae.dSae) differs("SAE", `${dump.features.cols} features`, `${sae.dSae}`);
  const longest = Math.max(...dump.documents.map(({ length }) => length));
  if (longest > model.context) differs("context", `texts of ${longest} tokens`, `at most ${model.context}`);
}

/** What goes into a block is what comes out of the one before. */
function equivalent(a: string, b: string): boolean {
  const stream = (name: string): string => name.replace(/^blocks\.(\d+)\.hook_resid_pre$/, (_, block: string) => `blocks.${Number(block) - 1}.hook_resid_post`);
  return stream(a) === stream(b);
}

function known<T>(found: Known<unknown>): T {
  if (found.state === "known") return found.value as T;
  if (found.state === "failed") throw new CheckpointError(found.problem.code, found.problem.message, found.problem);
  throw new CheckpointError("hub-unavailable", "a model or SAE of the hub is not in the cache", { help: "run it once to download it" });
}
