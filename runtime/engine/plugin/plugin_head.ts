/** Without this file a plugin would be used on a device that cannot do what it is asked for, and parts of the model would run elsewhere unsaid. */
import { counted } from "../../counted.ts";
import { installedVersion } from "../../package_root.ts";
import { runtimeFolder } from "../providers.ts";
import { openApi, type Api } from "./c_api.ts";
import { openDevices, openPluginSession, type PluginDevice, type PluginSession } from "./plugin_session.ts";

/** OpenVINO computes in bfloat16 where its device is told to (its documentation, "Precision Control"). */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  OpenVINOExecutionProvider: { load_config: JSON.stringify({ CPU: { INFERENCE_PRECISION_HINT: "bf16" } }) },
};

let opened: Promise<{ readonly api: Api; readonly env: ReturnType<typeof openDevices>["env"]; readonly device: PluginDevice }> | null = null;

/** One environment a process; one that could not be opened is tried again. */
function deviceOf(library: string): NonNullable<typeof opened> {
  opened ??= openDevice(library);
  opened.catch(() => (opened = null));
  return opened;
}

/** The first device of the plugin that computes in bfloat16. */
async function openDevice(library: string): Promise<Awaited<NonNullable<typeof opened>>> {
  const folder = runtimeFolder();
  if (folder === null) throw new Error("onnxruntime-node is not installed for this machine");
  const api = await openApi(folder, installedVersion("onnxruntime-node") ?? "unknown");
  const { env, devices } = openDevices(api, library);
  return { api, env, device: choose(devices) };
}

/**
 * The device of a plugin that says it computes in bfloat16.
 * @throws Error where none does; it tells what there is
 */
export function choose(devices: readonly PluginDevice[]): PluginDevice {
  const offered = devices.filter(({ provider }) => provider !== "CPUExecutionProvider");
  if (offered.length === 0) throw new Error("the plugin offers no device for this processor (OpenVINO's plugin 1.8.1 offers its devices on Intel's alone)");
  const able = offered.find(({ facts }) => (facts["OPTIMIZATION_CAPABILITIES"] ?? "").split(/[\s,]+/).includes("BF16"));
  if (able !== undefined) return able;
  const told = offered.map(({ provider, facts }) => `${provider} (${facts["OPTIMIZATION_CAPABILITIES"] ?? "says nothing of what it can do"})`);
  throw new Error(`no device of the plugin computes in bfloat16: ${told.join(", ")}`);
}

/**
 * A graph on the plugin's device, as one piece: a node that another provider took is an error, since nobody would see where it ran.
 * @throws Error with the count of nodes by provider, and the first names
 */
export async function openOnPlugin(bytes: Uint8Array, library: string, threads: number): Promise<PluginSession> {
  const { api, env, device } = await deviceOf(library);
  const session = openPluginSession(api, env, device, bytes, OPTIONS[device.provider] ?? {}, threads);
  const elsewhere = Object.entries(session.assignment).filter(([provider]) => provider !== device.provider);
  if (elsewhere.length === 0) return session;
  session.release();
  throw new Error(`${device.provider} did not take the whole graph: ${elsewhere.map(([provider, nodes]) => `${counted(nodes.length, "node")} went to ${provider} (${nodes.slice(0, 3).join(", ")})`).join(", ")}`);
}
