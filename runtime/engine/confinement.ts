/**
 * Without this file the engine's process could do all that its user may: native code that reads files of strangers would hold their keys as well.
 *
 * It runs under Node's permission model: its own code may be read, one folder of its own read and written, and nothing else; no process and no
 * thread may be started. The folder holds links to the encoders that it quantises: Node follows links out of a granted folder, and only the host
 * can make one. ONNX Runtime's own reading is not Node's: it maps the weights that a graph names, and the host writes the graphs.
 */
import { existsSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the engine's process starts. */
export const LANE: string = realpathSync(fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./lane_main.ts" : "./lane_main.js", import.meta.url)));

/** Arguments for Node. `folder`: the engine's own, which need not exist yet; `library`: of a plugin provider, which is loaded through FFI. */
export function confinedArguments(folder: string | null, library: string | null): readonly string[] {
  // Type stripping and the permission model must not announce themselves.
  const quiet = ["--disable-warning=ExperimentalWarning", "--disable-warning=SecurityWarning"];
  // Links, which the engine's folder is made of, need a privilege on Windows.
  if (process.platform === "win32") return quiet;
  const read = [...ownCode(), ...packages(library), ...(folder === null ? [] : [join(folder, sep)])];
  return [...quiet, "--permission", "--allow-addons", ...read.map((path) => `--allow-fs-read=${path}`), ...(folder === null ? [] : [`--allow-fs-write=${join(folder, sep)}`])];
}

/** This room and those before it, and the file that says they are modules. */
function ownCode(): readonly string[] {
  const root = resolve(dirname(LANE), "..", "..");
  const manifest = [root, dirname(root)].map((folder) => join(folder, "package.json")).find(existsSync);
  return [...["runtime", "src", "grammar"].map((room) => join(root, room, sep)), ...(manifest === undefined ? [] : [manifest])];
}

/** ONNX Runtime with what it needs; with a plugin, FFI and the plugin's folder. */
function packages(library: string | null): readonly string[] {
  const require = createRequire(LANE);
  const runtime = require.resolve("onnxruntime-node/package.json");
  const common = createRequire(runtime).resolve("onnxruntime-common");
  const folders = [dirname(runtime), common.slice(0, common.lastIndexOf(`${sep}onnxruntime-common${sep}`) + `${sep}onnxruntime-common`.length)];
  if (library === null) return folders.map((path) => join(realpathSync(path), sep));
  const ffi = ffiFolder(require);
  return [...folders, ...(ffi === null ? [] : [ffi]), dirname(library)].filter(existsSync).map((path) => join(realpathSync(path), sep));
}

function ffiFolder(require: NodeJS.Require): string | null {
  try {
    const found = require.resolve("koffi");
    return found.slice(0, found.lastIndexOf(`${sep}koffi${sep}`) + `${sep}koffi`.length);
  } catch {
    return null;
  }
}

/** Names of variables that hold a secret, or that lead to the network: no engine asks anybody anything. */
const SECRET = /TOKEN|SECRET|PASSW|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY|^HF_|^AWS_|^AZURE_|^GOOGLE_|^GITHUB_|^NPM_|^SSH_|_PROXY$/i;

/** The environment without what the engine must not know. Drivers of devices are told by it where they lie, so the rest stays. */
export function confinedEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== "NODE_OPTIONS" && !SECRET.test(name)));
}

/** When memory runs out the system should end the engine, not the process that people type into. */
export function offerOnLowMemory(pid: number | undefined): void {
  if (process.platform !== "linux" || pid === undefined) return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "500");
  } catch {
    // Not allowed here, or gone already: the system then chooses by size.
  }
}
