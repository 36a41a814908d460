/** Without this file a query would be explained in one way before it runs, and in another after. */
import type { Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import type { TextValue, Value } from "../data/frame.ts";
import { valueKey } from "../execute/value_key.ts";
import { explanationOf, worksOf, type ExplainContext } from "./explanation.ts";
import { printExplanation } from "./print_explanation.ts";
import { createRecording, type Recording } from "../execute/recording.ts";

/** The value of `explain`: a text for people, with the facts as JSON. With `analyze`, `run` is run in between. */
export async function explain(pipeline: CompiledPipeline, { op, inputs }: Plan, context: ExplainContext, run: (recording: Recording) => Promise<Value>): Promise<TextValue> {
  const recording = op.op === "explain" && op.analyze ? await recorded(inputs[0]!, context, run) : null;
  const explanation = await explanationOf(pipeline, context, recording);
  return { kind: "text", text: printExplanation(pipeline, explanation, recording), data: explanation };
}

/** What is known of each pass before the run is what its prediction stands on: afterwards all texts are known. */
async function recorded(plan: Plan, context: ExplainContext, run: (recording: Recording) => Promise<Value>): Promise<Recording> {
  const works = await worksOf(plan, context);
  const recording = createRecording(() => context.engine.pids);
  for (const [node, work] of works) recording.before.set(node, work);
  for (const node of nodes(plan)) if (context.values.get(valueKey(node, context.numerics)) !== undefined) recording.keptBefore.add(node);
  try {
    await run(recording);
  } finally {
    recording.stop();
  }
  return recording;
}
