/** Without this file a folder that is not there would be told when all is computed and nothing can be saved. */
import { resolve } from "node:path";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import { checkPlace } from "../data/atomic_write.ts";
import { failure, type Failure } from "./failure.ts";
import { StageError } from "../execute/stage_error.ts";

export interface SavePlaces {
  readonly writeTo: string;
  readonly text: string;
  /** Saves that were done before: they are not done again. */
  readonly performed: WeakSet<Span>;
}

/** What stands in the way of files that pipelines are to save, each reason once; empty where nothing does. */
export async function unsavable(pipelines: readonly CompiledPipeline[], { writeTo, text, performed }: SavePlaces): Promise<readonly Failure[]> {
  const found = new Map<string, Failure>();
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
