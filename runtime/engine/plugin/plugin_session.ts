/** Without this file a graph could be given to a plugin provider by nobody: a session over the C API, with what it was assigned and a true cancel. */
import { parse } from "node:path";
import type { Api, Pointer } from "./c_api.ts";

export interface PluginTensor {
  readonly type: "float32" | "int32" | "int64";
  readonly data: Float32Array | Int32Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** A device that a provider offers. */
export interface PluginDevice {
  readonly pointer: Pointer;
  readonly provider: string;
  /** `OPTIMIZATION_CAPABILITIES`, `FULL_DEVICE_NAME` …, as the provider tells them. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface PluginSession {
  readonly inputNames: readonly string[];
  readonly run: (feeds: Readonly<Record<string, PluginTensor>>) => Promise<Readonly<Record<string, PluginTensor>>>;
  /** Ask the running call to stop; it rejects. A provider that took the graph as one piece may finish it first. */
  readonly terminate: () => void;
  /** Names of the nodes that each provider took. */
  readonly assignment: Readonly<Record<string, readonly string[]>>;
  readonly release: () => void;
}

/** `ONNXTensorElementDataType` (onnxruntime_c_api.h). */
const TYPES = { float32: 1, int32: 6, int64: 7 } as const;
const WIDTH = { float32: 4, int32: 4, int64: 8 } as const;

/** The environment, and every device that providers offer once the library at `path` is registered; null: none is registered. */
export function openDevices(api: Api, path: string | null): { readonly env: Pointer; readonly devices: readonly PluginDevice[] } {
  const env = api.get("CreateEnv", 3, "saeq");
  if (path !== null) api.call("RegisterExecutionProviderLibrary", env, "saeq", path);
  const [list, count] = [[null], [0]] as [Pointer[], number[]];
  api.call("GetEpDevices", env, list, count);
  return { env, devices: api.pointers(list[0]!, Number(count[0])).map((pointer) => ({ pointer, provider: api.call("EpDevice_EpName", pointer) as string, facts: factsOf(api, api.call("EpDevice_EpMetadata", pointer) as Pointer) })) };
}

function factsOf(api: Api, pairs: Pointer): Readonly<Record<string, string>> {
  const [keys, values, count] = [[null], [null], [0]] as [Pointer[], Pointer[], number[]];
  api.call("GetKeyValuePairs", pairs, keys, values, count);
  const told = api.texts(values[0]!, Number(count[0]));
  return Object.fromEntries(api.texts(keys[0]!, Number(count[0])).map((name, i) => [name, told[i]!]));
}

/** Open a graph on a device. Level 0 of optimisation: anything else expands bfloat16 weights into memory (measured). */
export function openPluginSession(api: Api, env: Pointer, device: PluginDevice, bytes: Uint8Array, options: Readonly<Record<string, string>>, threads: number): PluginSession {
  const made = api.get("CreateSessionOptions");
  const set = (name: "DisableMemPattern" | "DisableCpuMemArena"): unknown => api.call(name, made);
  set("DisableMemPattern");
  set("DisableCpuMemArena");
  api.call("SetSessionGraphOptimizationLevel", made, 0);
  api.call("SetSessionLogSeverityLevel", made, 3);
  api.call("SetIntraOpNumThreads", made, threads);
  api.call("SetInterOpNumThreads", made, 1);
  const entries = { "session.model_external_initializers_file_folder_path": parse(process.cwd()).root, "session.disable_prepacking": "1", "session.record_ep_graph_assignment_info": "1" };
  for (const [key, value] of Object.entries(entries)) api.call("AddSessionConfigEntry", made, key, value);
  if (device.provider !== "CPUExecutionProvider") api.call("SessionOptionsAppendExecutionProvider_V2", made, env, [device.pointer], 1, Object.keys(options), Object.values(options), Object.keys(options).length);
  let session: Pointer;
  try {
    session = api.get("CreateSessionFromArray", env, bytes, bytes.byteLength, made);
  } finally {
    api.call("ReleaseSessionOptions", made);
  }
  const memory = api.get("CreateCpuMemoryInfo", 0, 0);
  const allocator = api.get("GetAllocatorWithDefaultOptions");
  const names = (count: "SessionGetInputCount" | "SessionGetOutputCount", name: "SessionGetInputName" | "SessionGetOutputName"): string[] =>
    Array.from({ length: api.getCount(count, session) }, (_, i) => {
      const address = api.get(name, session, i, allocator);
      const text = api.text(address);
      api.call("AllocatorFree", allocator, address);
      return text;
    });
  const [inputNames, outputNames] = [names("SessionGetInputCount", "SessionGetInputName"), names("SessionGetOutputCount", "SessionGetOutputName")];
  let running: Pointer = null;
  return {
    inputNames,
    assignment: assignmentOf(api, session),
    terminate: () => void (running === null ? null : api.call("RunOptionsSetTerminate", running)),
    release: () => void api.call("ReleaseSession", session),
    run: async (feeds) => {
      // The tensors' memory is read until the call has ended: `fed` keeps it from being collected.
      const fed = inputNames.map((name) => feeds[name]!);
      const inputs = fed.map(({ type, data, dims }) => api.get("CreateTensorWithDataAsOrtValue", memory, data, data.byteLength, BigInt64Array.from(dims, BigInt), dims.length, TYPES[type]));
      const outputs = new BigUint64Array(outputNames.length);
      const runOptions = api.get("CreateRunOptions");
      running = runOptions;
      try {
        await api.callAside("Run", session, runOptions, inputNames, inputs, inputs.length, outputNames, outputNames.length, outputs);
        return Object.fromEntries(outputNames.map((name, i) => [name, tensorOf(api, outputs[i]!)]));
      } finally {
        running = null;
        api.call("ReleaseRunOptions", runOptions);
        for (const value of [...inputs, ...outputs]) if (value !== null && value !== 0n) api.call("ReleaseValue", value);
        void fed;
      }
    },
  };
}

/** A tensor of the runtime, copied: its memory goes with its value. */
function tensorOf(api: Api, value: bigint): PluginTensor {
  const info = api.get("GetTensorTypeAndShape", value);
  const number = api.getCount("GetTensorElementType", info);
  const dims = new BigInt64Array(api.getCount("GetDimensionsCount", info));
  if (dims.length > 0) api.call("GetDimensions", info, dims, dims.length);
  const count = api.getCount("GetTensorShapeElementCount", info);
  api.call("ReleaseTensorTypeAndShapeInfo", info);
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((each) => TYPES[each] === number);
  if (type === undefined) throw new Error(`an output of element type ${number} has no place here`);
  const bytes = api.bytes(count === 0 ? null : api.get("GetTensorMutableData", value), count * WIDTH[type]).slice();
  const data = type === "float32" ? new Float32Array(bytes.buffer) : type === "int32" ? new Int32Array(bytes.buffer) : new BigInt64Array(bytes.buffer);
  return { type, data, dims: Array.from(dims, Number) };
}

function assignmentOf(api: Api, session: Pointer): PluginSession["assignment"] {
  const [list, count] = [[null], [0]] as [Pointer[], number[]];
  api.call("Session_GetEpGraphAssignmentInfo", session, list, count);
  const found: Record<string, readonly string[]> = {};
  for (const part of api.pointers(list[0]!, Number(count[0]))) {
    const provider = api.getText("EpAssignedSubgraph_GetEpName", part);
    const [nodes, size] = [[null], [0]] as [Pointer[], number[]];
    api.call("EpAssignedSubgraph_GetNodes", part, nodes, size);
    found[provider] = [...(found[provider] ?? []), ...api.pointers(nodes[0]!, Number(size[0])).map((each) => api.getText("EpAssignedNode_GetName", each))];
  }
  return found;
}
