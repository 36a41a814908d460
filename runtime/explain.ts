/** Without this file nobody could see what a query will read and compute. */
import type { EmittedGraph } from "../src/emit/specs.ts";
import { describeTarget } from "../src/emit/target.ts";
import { moduleOf } from "../src/ops/hook.ts";
import type { Plan } from "../src/ops/op.ts";
import { nodes } from "../src/optimize/rule.ts";
import { printPlan } from "../src/plan/print.ts";
import type { CompiledPipeline } from "../src/pipeline.ts";
import { forwardGraphOf, type ActivationContext } from "./activations.ts";
import { describeChoice, describeCounts } from "./encode_choice.ts";
import type { Placement } from "./engine/placement.ts";
import { runsModel, valueKey } from "./numerics.ts";
import type { ValueStore } from "./value_store.ts";

function bytes(count: number): string {
  return count < 1e6 ? `${(count / 1e3).toFixed(0)} kB` : count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

/** The plan as written, the rules that changed it, the plan as run, and the cost of each pass of the model. */
export function explainPipeline(pipeline: CompiledPipeline, context: Pick<ActivationContext, "catalog" | "graphs" | "numerics" | "encodeKernel" | "screened"> & { readonly values: ValueStore; readonly placement: Placement; readonly threads: number }): string {
  const below = (plan: Plan): Plan => (plan.op.op === "explain" ? plan.inputs[0]! : plan);
  const written = below(pipeline.written);
  const plan = below(pipeline.plan);
  const passes = nodes(plan).flatMap((node) => {
    if (node.op.op !== "forward") return [];
    const { target } = context.placement;
    const graph = forwardGraphOf(node.op, context.catalog, context.graphs, target);
    const kept = context.values.get(valueKey(node, context.numerics)) !== undefined ? "kept from before: not run" : "not kept: runs";
    const { hooks } = context.catalog.model(node.op.model).spec;
    const places = node.op.taps.map((tap) => `  layer ${tap.layer} ${tap.hook}, in transformers: ${moduleOf(hooks, tap) ?? "nothing"}${tap.centred === true ? ", minus its mean over the dimensions" : ""}${tap.folded !== undefined ? ", minus the value biases of its heads" : ""}`);
    const encoders = node.op.taps.flatMap(({ sae }) => {
      if (sae === null) return [];
      const { spec } = context.catalog.sae(sae);
      const counts = context.screened.get(sae.name);
      return [`    encoder of ${sae.name}: ${describeChoice(context.encodeKernel, spec, context.threads, target)}`, ...(counts === undefined ? [] : [`      ${describeCounts(counts, spec.dSae)}`])];
    });
    return [`  ${node.label}: maps ${bytes(graph.mappedBytes)} of weights, ${(graph.flopsPerToken / 1e6).toFixed(1)} MFLOP a token, ${graph.operators} operators; ${kept}`, ...places.map((place) => `  ${place}`), ...encoders, ...tailOf(graph)];
  });
  return [
    "as written",
    indent(printPlan(written)),
    "rules",
    ...(pipeline.steps.length === 0 ? ["  none applies"] : pipeline.steps.map(({ rule }) => `  ${rule.name}: ${rule.doc}`)),
    "as run",
    indent(printPlan(plan)),
    ...(passes.length === 0 ? [] : ["passes of the model", ...passes]),
    ...(runsModel(plan) ? ["device", `  ${describeTarget(context.placement.target, context.threads)}: ${context.placement.reason}`] : []),
  ].join("\n");
}

/** Work that a device leaves to the processor by design: after it, small, and counted. */
function tailOf({ target, tail }: EmittedGraph): string[] {
  return tail === undefined || target === undefined ? [] : [`    on ${target.provider}, then ${tail.nodes} nodes on the CPU: rows, features and values of what is active; a node elsewhere is an error`];
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
