/** Without this file a graph would run on one device only. */
import { finish, type Graph } from "../graph.ts";
import type { EmittedGraph } from "../specs.ts";
import type { Provider } from "../target.ts";
import { geluAsStandard, siluFromPrimitives } from "./activation.ts";
import { clipFromMinima } from "./clip.ts";
import { compact, type Compaction } from "./compaction.ts";
import { withElement } from "./element.ts";
import { isOfSae } from "./facts.ts";
import { attentionFromPrimitives, attentionOfUnlikeLengths } from "./group_query.ts";
import { rowsOfPositions } from "./learned_positions.ts";
import { rmsAsSimplified, rmsFromPrimitives } from "./norm.ts";
import { rewrite, type Rule } from "./rewrite.ts";
import { productOfStored } from "./stored_product.ts";
import { divide, readersOf, type Parts } from "./tail.ts";
import { WEBGPU_RULES } from "./webgpu.ts";

/** What a provider needs changed in a graph that was emitted for the CPU in float32. */
interface Lowering {
  /** Operators without a kernel, and what stands for them. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** The same in float32 only: kernels that exist for half precision alone. */
  readonly rulesInFloat32: Readonly<Record<string, Rule>>;
  /**
   * How residuals become sparse: "inside": on the device as on the CPU. "largest": the device gives a fixed number of places a row
   * and their values, what follows runs on the CPU of the engine process. "cpu": the whole encoder runs there.
   */
  readonly sparse: "inside" | "largest" | "cpu";
}

/** One row a provider. Kernels of CUDA: onnxruntime docs/OperatorKernels.md; of OpenVINO: its plugin 1.8.1, tried as one subgraph. */
const LOWERINGS: Readonly<Record<Provider, Lowering>> = {
  cpu: { rules: {}, rulesInFloat32: {}, sparse: "inside" },
  webgpu: { rules: { ...WEBGPU_RULES, QuickGelu: siluFromPrimitives, GroupQueryAttention: attentionOfUnlikeLengths }, rulesInFloat32: {}, sparse: "largest" },
  cuda: { rules: { RMSNormalization: rmsAsSimplified, Gather: rowsOfPositions }, rulesInFloat32: { GroupQueryAttention: attentionOfUnlikeLengths }, sparse: "inside" },
  openvino: { rules: { QuickGelu: siluFromPrimitives, FastGelu: geluAsStandard, RMSNormalization: rmsFromPrimitives, GroupQueryAttention: attentionFromPrimitives, Gemm: productOfStored, Clip: clipFromMinima }, rulesInFloat32: {}, sparse: "cpu" },
};

/** The finished graph for its target. */
export function lowered(graph: Graph, flopsPerToken: number): EmittedGraph {
  const { provider, dtype } = graph.target;
  if (provider === "cpu") return finish(graph, flopsPerToken);
  const loop = graph.nodes.find(({ op }) => op === "Loop");
  if (loop !== undefined) throw new Error(`${loop.name}: no lowering looks into the body of a loop`);
  const { rules, rulesInFloat32, sparse } = LOWERINGS[provider];
  const { parts, compactions } = divided(rewrite(graph, { ...rules, ...(dtype === "f32" ? rulesInFloat32 : {}) }), sparse);
  // OpenVINO casts inside its own subgraph: its graph is written with the casts that it takes.
  const head = finish(dtype === "f32" || provider === "openvino" ? parts.head : withElement(parts.head, dtype), flopsPerToken);
  if (parts.tail === null) return head;
  const tail = finish(parts.tail, 0);
  return { ...head, key: `${head.key}+${tail.key}`, outputs: graph.outputs.map(({ name }) => name), mappedBytes: head.mappedBytes + tail.mappedBytes, tail: { bytes: tail.bytes, nodes: parts.tail.weightNodes.length + parts.tail.nodes.length, compactions } };
}

interface Divided {
  readonly parts: Parts | { readonly head: Graph; readonly tail: null };
  readonly compactions: readonly Compaction[];
}

function divided(graph: Graph, sparse: Lowering["sparse"]): Divided {
  const whole: Divided = { parts: { head: graph, tail: null }, compactions: [] };
  switch (sparse) {
    case "inside":
      return whole;
    case "largest":
      return compact(graph) ?? whole;
    case "cpu": {
      const encoders = graph.nodes.filter(isOfSae);
      if (encoders.length === 0) return whole;
      const weights = graph.weightNodes.filter(isOfSae);
      const tail = new Set([...weights, ...encoders, ...readersOf(graph, encoders)]);
      const made = new Set([...tail].flatMap(({ outputs }) => outputs));
      const shared = [...new Set([...tail].flatMap(({ inputs }) => inputs))].filter((name) => graph.names.has(name) && !made.has(name) && !graph.initializers.has(name));
      const parts = divide(graph, tail, shared.map((name) => ({ name, element: "f32", dims: ["N", name] })));
      parts.head.outputs.push(...shared.filter((name) => !graph.inputs.some((input) => input.name === name)).map((name) => ({ name, element: "f32" as const, dims: ["N", name] })));
      return { parts, compactions: [] };
    }
    default:
      return sparse satisfies never;
  }
}
