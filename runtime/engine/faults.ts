/** Without this file a failing device would speak in its own words, and nobody would know which setting to change. */
import { describeTarget, type Target } from "../../src/emit/target.ts";
import { EngineError } from "./port.ts";
import type { Reply } from "./protocol.ts";

const MEMORY = /bad_alloc|bad allocation|allocate memory|allocation failed|failed to allocate|out of (device )?memory|out_of_(device|host)_memory|CUDA failure 2\b|CUBLAS_STATUS_ALLOC_FAILED/i;
const LOST = /device (was|is|has been)? ?(lost|removed|hung)|device_lost|DXGI_ERROR_DEVICE|CUDA failure \d+|CUDA error cuda\w+|illegal memory access|uncorrectable ECC|unspecified launch failure/i;
/** Errors of the CUDA runtime (`driver_types.h`) that say what is installed, and stay whatever is tried again; by number, and by the name that a kernel's failure is told with. */
const UNFIT: readonly (readonly [number, string, string])[] = [
  [3, "cudaErrorInitializationError", "CUDA could not be initialised"],
  [35, "cudaErrorInsufficientDriver", "the driver is older than the CUDA that the provider was built for"],
  [98, "cudaErrorInvalidDeviceFunction", "the provider was built without kernels for this card"],
  [100, "cudaErrorNoDevice", "there is no CUDA device"],
  [101, "cudaErrorInvalidDevice", "there is no CUDA device of this number"],
  [209, "cudaErrorNoKernelImageForDevice", "the provider was built without kernels for this card"],
  [222, "cudaErrorUnsupportedPtxVersion", "the driver is older than the kernels of the provider"],
  [802, "cudaErrorSystemNotReady", "the system's fabric manager is not running, which cards with NVLink wait for"],
  [803, "cudaErrorSystemDriverMismatch", "driver and CUDA libraries do not fit each other"],
  [804, "cudaErrorCompatNotSupportedOnDevice", "the driver's compatibility libraries do not support this card"],
  [999, "cudaErrorUnknown", "CUDA failed for a reason it does not name"],
];

/** What an engine's process says where its products are not those of one thread (`lane_threads.ts`). */
export const THREADS_DIFFER = "sums depend on the number of threads";

/** Whether a failure is a lack of memory. */
export function lacksMemory(message: string): boolean {
  return MEMORY.test(message);
}

const NO_KERNEL = /kernel not found in registries for Op type: (\S+) node name: (\S+)/;
/** Where the processor has none either, in the message itself. */
const NO_KERNEL_ANYWHERE = /Provider type for (\S+) node with name '([^']*)' is not set/;

/** What takes less of a processor's memory, and what else helps. */
export const SMALLER = "set batch 1 lanes 1";
export const OR_ELSE: readonly string[] = ["other programs that are closed give their memory back"];

/** What to type where something does not fit. A smaller batch never changes a result; another number type or device does. */
function smaller(target: Target): readonly [help: string, notes: readonly string[]] {
  if (target.provider === "cpu") return [SMALLER, OR_ELSE];
  const halved = target.dtype === "f32" && target.provider !== "openvino" ? ["set dtype f16 halves the weights (other results)"] : [];
  return ["set batch 4 lanes 1", ["a smaller batch takes less still", ...halved, "set ep cpu runs without the device (other results)"]];
}

/** A failed reply as an error for people. `tail`: what its process wrote last. */
export function failureOf(reply: Reply & { readonly kind: "failed" }, target: Target, tail: readonly string[]): EngineError {
  const { message, opening } = reply;
  const place = describeTarget(target);
  if (lacksMemory(message)) return new EngineError("out-of-memory", target.provider === "cpu" ? "the engine ran out of memory" : `the device ran out of memory (${place})`, ...smaller(target));
  if (message === THREADS_DIFFER) return new EngineError("engine-failed", `on this processor ${THREADS_DIFFER}: results would not repeat`, "set threads 1");
  const [, number, name] = /CUDA failure (\d+)|CUDA error (cuda\w+)/.exec(message) ?? [];
  const unfit = UNFIT.find((each) => each[0] === Number(number) || each[1] === name)?.[2];
  if (unfit !== undefined) return new EngineError("no-provider", `${place} cannot be used: ${unfit}`, "set ep cpu", ["`saeq doctor` says what is there"]);
  if (target.provider !== "cpu" && !opening && LOST.test(message)) return new EngineError("device-lost", `the device was lost (${place}): ${firstLine(message)}`, "set ep cpu", ["run again, it starts anew: the line is for a device that stays lost"]);
  if (/requires f16 but the device does not support it/.test(message)) return new EngineError("no-provider", "this graphics card does not support float16 (no shader-f16)", "set dtype f32");
  if (target.provider !== "cpu" && opening) {
    const without = [...new Set([NO_KERNEL_ANYWHERE.exec(message), ...tail.map((line) => NO_KERNEL.exec(line))].flatMap((found) => found?.slice(1, 3).join(" at ") ?? []))];
    if (without.length > 0) return new EngineError("no-provider", `${target.provider} has no kernel for part of this graph: ${without.slice(0, 6).join(", ")}${without.length > 6 ? ` and ${without.length - 6} more` : ""}`, "set ep cpu");
    return new EngineError("no-provider", `${target.provider} could not be started: ${firstLine(message)}`, "set ep cpu", ["`saeq doctor` says what is missing"]);
  }
  return new EngineError("engine-failed", `the engine could not run the model: ${message}`, "check that the model's files are complete and have not changed since they were opened");
}

function firstLine(message: string): string {
  const line = message.split("\n").find((each) => each.trim() !== "")?.trim() ?? "no reason given";
  // What the library's own checks say before their reason: a place in its source and the condition.
  return line.replace(/^(?:Exception during initialization: )?\S*onnxruntime_src\S*.*? was false\. /, "");
}
