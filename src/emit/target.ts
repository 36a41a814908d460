/** Without this file emitters, engine and cache would each spell the device and the number type of a result in their own way. */

export const PROVIDERS = ["cpu", "webgpu", "cuda", "openvino"] as const;
/** An execution provider of ONNX Runtime. */
export type Provider = (typeof PROVIDERS)[number];

export const DTYPES = ["f32", "f16", "bf16"] as const;
/** The element in which the model computes. An SAE always computes in float32. */
export type Dtype = (typeof DTYPES)[number];

/** Where a graph runs and in which numbers. Part of the numerics class of every result. */
export interface Target {
  readonly provider: Provider;
  readonly dtype: Dtype;
  /** Threads that run it on the CPU; those of its process where not said. */
  readonly threads?: number;
  /** Parts that the runtime may cut a product in, which changes no bit (`product.ts`); one where not said. */
  readonly parts?: number;
}

export const CPU: Target = { provider: "cpu", dtype: "f32" };

/** Number types that a provider computes the model in; the first is the one where nothing is set. */
export const SUPPORTED: Readonly<Record<Provider, readonly [Dtype, ...Dtype[]]>> = {
  cpu: ["f32"],
  webgpu: ["f32", "f16"],
  cuda: ["f32", "bf16", "f16"],
  openvino: ["bf16"],
};

/**
 * The numerics class of a session's results in one word: provider and number type. Within a session equal words mean comparable bits, and the
 * keys of its values hold it; what outlives the session is named by `bitsClass` (`runtime/cache/numerics.ts`). Lanes, threads and batch are not in it.
 */
export function targetClass({ provider, dtype }: Target): string {
  return `${provider}-${dtype}`;
}

const NAMES: Readonly<Record<Dtype, string>> = { f32: "float32", f16: "float16", bf16: "bfloat16" };
/** Providers as people write them. */
export const PLACES: Readonly<Record<Provider, string>> = { cpu: "CPU", webgpu: "WebGPU", cuda: "CUDA", openvino: "OpenVINO" };

/** The same for people: `float16 on WebGPU, SAE in float32`. */
export function describeTarget(target: Target): string {
  const sae = target.dtype === "f32" ? "" : ", SAE in float32";
  return `${NAMES[target.dtype]} on ${PLACES[target.provider]}${sae}`;
}
