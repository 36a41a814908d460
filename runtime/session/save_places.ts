/** Without this file a folder that is not there would be told when all is computed and nothing can be saved. */
import { resolve } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import { STANDARD_PREFIX } from "../catalog/shipped.ts";
import { checkPlace } from "../data/atomic_write.ts";
import { exitCodeOf, failure, type Failure } from "./failure.ts";
import { saveClashes } from "./save_clashes.ts";
import { StageError } from "../execute/stage_error.ts";

export interface SavePlaces {
  readonly writeTo: string;
  readonly text: string;
  /** Files that the source reads, as absolute paths. */
  readonly reads: readonly string[];
  readonly readFrom: string;
  /** Saves that were done before: they are not done again. */
  readonly performed: WeakSet<Span>;
}

/** What stands in the way of files that pipelines are to save, each reason once; empty where nothing does. */
export async function unsavable(pipelines: readonly CompiledPipeline[], { writeTo, readFrom, text, reads, performed }: SavePlaces): Promise<readonly Failure[]> {
  const found = new Map<string, Failure>();
  const all = pipelines.flatMap(({ written }) => savesOf(written).filter((save) => !performed.has(save.at)));
  const tables = pipelines.flatMap(({ written }) => nodes(written).flatMap(({ op }) => (op.op === "read" && !op.path.startsWith(STANDARD_PREFIX) ? [resolve(readFrom, op.path)] : [])));
  for (const { save, ...clash } of saveClashes(all, { writeTo, text, reads: [...reads, ...tables] })) {
    const diagnostic: Diagnostic = { ...clash, severity: "error", span: clash.fix?.span ?? spanOf(save, text, pipelines) };
    found.set(`${clash.code} ${clash.message}`, { diagnostic, exitCode: exitCodeOf([diagnostic]), cancelled: false });
  }
  for (const pipeline of pipelines) {
    for (const save of savesOf(pipeline.plan)) {
      if (save.op.op !== "save" || performed.has(save.at)) continue;
      try {
        await checkPlace(resolve(writeTo, save.op.path));
      } catch (error) {
        const told = failure(new StageError(save, error), text, pipeline.at, [0, 0], false);
        const reason = `${told.diagnostic.code} ${told.diagnostic.message}`;
        if (!found.has(reason)) found.set(reason, told);
      }
    }
  }
  return [...found.values()];
}

/** Where a stage stands; where it comes from another text, the statement that it is part of. */
function spanOf(save: Plan, text: string, pipelines: readonly CompiledPipeline[]): Span {
  if (text.slice(save.at.start, save.at.end) === save.label) return save.at;
  return pipelines.find(({ written }) => savesOf(written).includes(save))!.at;
}

/** The saves of a plan in the order they are done. What is only explained saves nothing. */
function savesOf(plan: Plan): readonly Plan[] {
  const saves: Plan[] = [];
  const seen = new Set<Plan>();
  const visit = (node: Plan): void => {
    if (seen.has(node) || (node.op.op === "explain" && !node.op.analyze)) return;
    seen.add(node);
    for (const input of node.inputs) visit(input);
    if (node.op.op === "save") saves.push(node);
  };
  visit(plan);
  return saves;
}
