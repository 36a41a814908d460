/** Without this file nobody would know why a query ran where it ran. */
import { constant, createGraph, finish, input, node, output } from "../../src/emit/graph.ts";
import { SUPPORTED, type Dtype, type Provider, type Target } from "../../src/emit/target.ts";
import { EngineError } from "./port.ts";
import { lookAround, type ProviderFacts, type Surroundings } from "./providers.ts";
import { createLane } from "./supervisor.ts";

/** Where queries run, and why there. */
export interface Placement {
  readonly target: Target;
  readonly reason: string;
}

/** Starts a provider once; null where it works, else why not. */
export type Probe = (target: Target, library: string | null) => Promise<string | null>;

/**
 * A product of two small matrices, twice it, in a process of its own: what fails here would have failed in the middle of a query. The product may be another
 * library's (cuBLAS); twice it is the provider's own kernel, which it may have been built without for this card.
 */
export const probe: Probe = async (target, library) => {
  const graph = createGraph("probe", target);
  const x = input(graph, "x", "f32", [2, 2]);
  const product = node(graph, "/product", "MatMul", [x, constant(graph, "f32", [2, 2], [1, 2, 3, 4])]);
  output(graph, "tap0_dense", node(graph, "/twice", "Mul", [product, constant(graph, "f32", [], [2])]), "f32", [2, 2]);
  const lane = createLane({ threads: 1, target, ...(library === null ? {} : { library }) });
  try {
    const { outputs } = await lane.run(finish(graph, 0), { x: { type: "float32", data: Float32Array.of(1, 0, 0, 1), dims: [2, 2] } });
    const found = Array.from(outputs["tap0_dense"]!.data as Float32Array);
    return found.join() === "2,4,6,8" ? null : `it multiplies wrongly: ${found.join(", ")} instead of 2, 4, 6, 8`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await lane.close();
  }
};

function target(provider: Provider, dtype: Dtype | null): Target {
  const supported = SUPPORTED[provider];
  if (dtype !== null && !supported.includes(dtype)) throw new EngineError("no-provider", `${provider} does not compute in ${dtype}`, supported.length === 1 ? `set dtype ${supported[0]}` : `set dtype ${supported.join("|")}`);
  return { provider, dtype: dtype ?? supported[0] };
}

/** What a choice costs. WebGPU's matrix products add in the type of their operands (ONNX Runtime 1.30, `gemm_utils.cc`); at a width of 4,096 that is about 1 % of a product. */
function caveat({ provider, dtype }: Target): string {
  return provider === "webgpu" && dtype === "f16" ? "; WebGPU also adds in float16, with larger errors than bfloat16 elsewhere: set dtype f32 for exact features" : "";
}

/** Whether `placement` will choose the CPU, and start no device to find out. */
export function onCpuAnyway(ep: "auto" | Provider, dtype: Dtype | null, around: Surroundings): boolean {
  if (dtype !== null && !SUPPORTED.cpu.includes(dtype)) return false;
  if (ep !== "auto") return ep === "cpu";
  return lookAround(around).every(({ provider, missing, unfit }) => provider === "cpu" || provider === "openvino" || missing !== null || unfit !== null || (dtype !== null && !SUPPORTED[provider].includes(dtype)));
}

/**
 * The provider that was asked for, or for `auto` the first that is there, works, and is no imitation of a device in software; the CPU where `onlyOnCpu` says why.
 * @throws EngineError `no-provider`: asked for and absent, or unable to compute in `dtype`; it lists those that are there
 */
export async function placement(ep: "auto" | Provider, dtype: Dtype | null, around: Surroundings, onlyOnCpu: string | null = null, tried: Probe = probe): Promise<Placement> {
  const facts = lookAround(around);
  if (ep !== "auto") {
    const { missing, remedy } = facts.find(({ provider }) => provider === ep) as ProviderFacts;
    const chosen = target(ep, dtype);
    // A wrong plugin is a crash: it is tried in a process of its own first.
    const failed = missing === null && ep === "openvino" ? await tried(chosen, around.library) : null;
    if (failed !== null) throw new EngineError("no-provider", `${ep} does not work here: ${failed}`, "set ep cpu");
    if (missing === null) return { target: chosen, reason: `asked for${caveat(chosen)}` };
    const there = facts.filter((each) => each.missing === null).map(({ provider }) => provider);
    throw new EngineError("no-provider", `${ep} cannot be used here: ${missing}`, `set ep ${there[0] ?? "cpu"}`, [...(remedy === null ? [] : [`to add it: ${remedy}`]), `to choose here: ${there.join(", ")}; saeq doctor tells more`]);
  }
  const passed: string[] = [];
  for (const { provider, missing, unfit } of facts) {
    if (provider === "openvino") continue;
    if (dtype !== null && !SUPPORTED[provider].includes(dtype)) {
      passed.push(`${provider}: does not compute in ${dtype}`);
      continue;
    }
    const chosen = target(provider, dtype);
    const against = missing ?? unfit ?? (provider === "cpu" ? null : (onlyOnCpu ?? (await tried(chosen, null))));
    if (against === null) return { target: chosen, reason: `${passed.length === 0 ? "auto: the fastest here" : `auto; ${passed.join("; ")}`}${caveat(chosen)}` };
    passed.push(`${provider}: ${against}`);
  }
  throw new EngineError("no-provider", `no provider here computes in ${dtype ?? "f32"}: ${passed.join("; ")}`, "set dtype f32");
}
