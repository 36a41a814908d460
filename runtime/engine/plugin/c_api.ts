/**
 * Without this file providers that come as plugins could not be used: onnxruntime-node's own sessions know a fixed list. It calls the C API
 * of the same library, through FFI. Indices are positions in `struct OrtApi` (onnxruntime_c_api.h, version 29), which only ever grows.
 */
import { join } from "node:path";

/** An address; null is NULL. */
export type Pointer = bigint | null;
type Native = (...args: unknown[]) => unknown;

/** The parts of koffi that are used. */
interface Koffi {
  load(path: string): { func(definition: string): Native };
  proto(name: string, result: string, args: readonly unknown[]): unknown;
  pointer(type: string): unknown;
  out(type: unknown): unknown;
  decode(address: unknown, type: unknown, length?: number): unknown;
  view(address: Pointer, length: number): ArrayBuffer;
}

const API = 29;
const P = "void *";
/** The argument is filled: `[null]` in, the value out. */
const OUT = { out: P };
const OUT_SIZE = { out: "size_t" };

/** Name: index, result, arguments. A result of `status` is checked and thrown as an Error. */
const FUNCTIONS = {
  GetErrorMessage: [2, "str", [P]],
  CreateEnv: [3, "status", ["int", "str", OUT]],
  CreateSessionFromArray: [8, "status", [P, P, "size_t", P, OUT]],
  Run: [9, "status", [P, P, "const char **", "void **", "size_t", "const char **", "size_t", "void **"]],
  CreateSessionOptions: [10, "status", [OUT]],
  DisableMemPattern: [17, "status", [P]],
  DisableCpuMemArena: [19, "status", [P]],
  SetSessionLogSeverityLevel: [22, "status", [P, "int"]],
  SetSessionGraphOptimizationLevel: [23, "status", [P, "int"]],
  SetIntraOpNumThreads: [24, "status", [P, "int"]],
  SetInterOpNumThreads: [25, "status", [P, "int"]],
  SessionGetInputCount: [30, "status", [P, OUT_SIZE]],
  SessionGetOutputCount: [31, "status", [P, OUT_SIZE]],
  SessionGetInputName: [36, "status", [P, "size_t", P, OUT]],
  SessionGetOutputName: [37, "status", [P, "size_t", P, OUT]],
  CreateRunOptions: [39, "status", [OUT]],
  RunOptionsSetTerminate: [46, "status", [P]],
  CreateTensorWithDataAsOrtValue: [49, "status", [P, P, "size_t", "int64_t *", "size_t", "int", OUT]],
  GetTensorMutableData: [51, "status", [P, OUT]],
  GetTensorElementType: [60, "status", [P, { out: "int" }]],
  GetDimensionsCount: [61, "status", [P, OUT_SIZE]],
  GetDimensions: [62, "status", [P, "int64_t *", "size_t"]],
  GetTensorShapeElementCount: [64, "status", [P, OUT_SIZE]],
  GetTensorTypeAndShape: [65, "status", [P, OUT]],
  CreateCpuMemoryInfo: [69, "status", ["int", "int", OUT]],
  AllocatorFree: [76, "status", [P, P]],
  GetAllocatorWithDefaultOptions: [78, "status", [OUT]],
  ReleaseStatus: [93, "void", [P]],
  ReleaseSession: [95, "void", [P]],
  ReleaseValue: [96, "void", [P]],
  ReleaseRunOptions: [97, "void", [P]],
  ReleaseTensorTypeAndShapeInfo: [99, "void", [P]],
  ReleaseSessionOptions: [100, "void", [P]],
  AddSessionConfigEntry: [130, "status", [P, "str", "str"]],
  GetKeyValuePairs: [298, "void", [P, OUT, OUT, OUT_SIZE]],
  RegisterExecutionProviderLibrary: [301, "status", [P, "str", "str"]],
  GetEpDevices: [303, "status", [P, OUT, OUT_SIZE]],
  SessionOptionsAppendExecutionProvider_V2: [304, "status", [P, P, "void **", "size_t", "const char **", "const char **", "size_t"]],
  EpDevice_EpName: [312, "str", [P]],
  EpDevice_EpMetadata: [314, P, [P]],
  Session_GetEpGraphAssignmentInfo: [407, "status", [P, OUT, OUT_SIZE]],
  EpAssignedSubgraph_GetEpName: [408, "status", [P, { out: "str" }]],
  EpAssignedSubgraph_GetNodes: [409, "status", [P, OUT, OUT_SIZE]],
  EpAssignedNode_GetName: [410, "status", [P, { out: "str" }]],
} as const;

type Name = keyof typeof FUNCTIONS;

export interface Api {
  readonly call: (name: Name, ...args: readonly unknown[]) => unknown;
  /** The same on a thread of its own: the event loop goes on. */
  readonly callAside: (name: Name, ...args: readonly unknown[]) => Promise<void>;
  /** Call with one more argument, an out pointer, and give what it was set to. */
  readonly get: (name: Name, ...args: readonly unknown[]) => Pointer;
  readonly getCount: (name: Name, ...args: readonly unknown[]) => number;
  readonly getText: (name: Name, ...args: readonly unknown[]) => string;
  readonly pointers: (address: Pointer, count: number) => readonly Pointer[];
  readonly texts: (address: Pointer, count: number) => readonly string[];
  readonly text: (address: Pointer) => string;
  /** Bytes at an address, not copied. */
  readonly bytes: (address: Pointer, length: number) => Uint8Array;
  readonly version: string;
}

/** koffi knows a prototype by its name, once a process. */
let prototypes = 0;

/** koffi closes a library whose object is collected, and ONNX Runtime with it. */
const held: unknown[] = [];

const FILES: Readonly<Record<string, string>> = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" };

/**
 * The C API of the library in `folder`, which must be `version`: a wrong index is a crash, not an exception.
 * @throws Error where koffi is not installed or cannot be loaded, or the library is another one
 */
export async function openApi(folder: string, version: string): Promise<Api> {
  const named = (each: string): string => `${each}_${prototypes++}`;
  const name = "koffi";
  const koffi = await (import(name) as Promise<{ readonly default: Koffi }>).then((module) => module.default, (cause: NodeJS.ErrnoException) => {
    if (cause.code === "ERR_MODULE_NOT_FOUND") throw new Error("the package koffi, which calls plugins, is not installed: npm install koffi");
    throw new Error(`the package koffi, which calls plugins, cannot be loaded: ${cause.message.split("\n")[0]}`);
  });
  const file = FILES[process.platform];
  if (file === undefined || process.platform === "win32") throw new Error(`plugin providers are not called on ${process.platform} yet`);
  const library = koffi.load(join(folder, file));
  held.push(library);
  const [getApi, getVersion] = koffi.decode(library.func("void *OrtGetApiBase()")(), P, 2) as readonly [bigint, bigint];
  const found = (koffi.decode(getVersion, koffi.proto(named("GetVersionString"), "str", [])) as Native)() as string;
  if (found !== version) throw new Error(`the library is ONNX Runtime ${found}, not ${version}`);
  const api = (koffi.decode(getApi, koffi.proto(named("GetApi"), P, ["uint32_t"])) as Native)(API) as Pointer;
  if (api === null) throw new Error(`ONNX Runtime ${found} does not know version ${API} of its C API`);
  const table = koffi.decode(api, P, Math.max(...Object.values(FUNCTIONS).map(([index]) => index)) + 1) as readonly Pointer[];
  const typeOf = (arg: string | { readonly out: string }): unknown => (typeof arg === "string" ? arg : koffi.out(koffi.pointer(arg.out)));
  const natives = new Map<Name, Native & { readonly async: (...args: unknown[]) => void }>();
  for (const [each, [index, result, args]] of Object.entries(FUNCTIONS)) natives.set(each as Name, koffi.decode(table[index], koffi.proto(named(each), result === "status" ? P : result, args.map(typeOf))) as never);

  const checked = (each: Name, result: unknown): unknown => {
    if (FUNCTIONS[each][1] !== "status" || result === null) return result;
    const message = natives.get("GetErrorMessage")!(result) as string;
    natives.get("ReleaseStatus")!(result);
    throw new Error(message);
  };
  const call: Api["call"] = (each, ...args) => checked(each, natives.get(each)!(...args));
  const filled = (empty: unknown) => (each: Name, ...args: readonly unknown[]): unknown => {
    const slot = [empty];
    call(each, ...args, slot);
    return slot[0];
  };
  return {
    call,
    callAside: (each, ...args) =>
      new Promise((resolve, reject) => {
        natives.get(each)!.async(...args, (error: Error | null, result: unknown) => {
          try {
            if (error !== null) throw error;
            checked(each, result);
            resolve();
          } catch (cause) {
            reject(cause);
          }
        });
      }),
    get: (each, ...args) => filled(null)(each, ...args) as Pointer,
    getCount: (each, ...args) => Number(filled(0)(each, ...args)),
    getText: (each, ...args) => String(filled(null)(each, ...args)),
    pointers: (address, count) => (count === 0 ? [] : (koffi.decode(address, P, count) as readonly Pointer[])),
    texts: (address, count) => (count === 0 ? [] : (koffi.decode(address, "str", count) as readonly string[])),
    text: (address) => koffi.decode(address, "char", -1) as string,
    bytes: (address, length) => (length === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(address, length))),
    version: found,
  };
}
