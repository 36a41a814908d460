/**
 * Without this file the engine's process could do all that its user may: native code that reads files of strangers would hold their keys as well.
 *
 * It runs under Node's permission model: its own code may be read, one folder of its own read and written, and nothing else; no process and no
 * thread may be started. The folder holds links to the encoders that it quantises: Node follows links out of a granted folder, and only the host
 * can make one. ONNX Runtime's own reading is not Node's: it maps the weights that a graph names, and the host writes the graphs.
 */
import { existsSync, lstatSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { packageRoot, PUBLISHED } from "../package_root.ts";

/**
 * The package whose bundled engine is started: this one where it is published; of a working tree the one that a run of all its tests has bundled of it
 * beforehand (`test/all.ts`), as an engine starts three times as fast from there as from sources; null: the sources.
 */
const BUNDLED: string | null = PUBLISHED ? packageRoot() : isAbsolute(process.env["SAEQ_TESTED"] ?? "") ? process.env["SAEQ_TESTED"]! : null;

/** Where the engine's process starts: bundled into a room of its own where it is published. */
export const LANE: string = BUNDLED === null ? join(packageRoot(), "runtime", "engine", "lane_main.ts") : join(BUNDLED, "dist", "engine", "lane_main.js");

/** With this Node reserves no addresses beside memories of WebAssembly: the launcher asks it where they are limited (`repl/bin/saeq.js`). */
const FRUGAL = "--disable-wasm-trap-handler";

/** Arguments for Node. `folder`: the engine's own, which need not exist yet; `library`: of a plugin provider, which is loaded through FFI. */
export function confinedArguments(folder: string | null, library: string | null): readonly string[] {
  // Type stripping and the permission model must not announce themselves.
  const quiet = ["--disable-warning=ExperimentalWarning", "--disable-warning=SecurityWarning", ...process.execArgv.filter((flag) => flag === FRUGAL)];
  // Links, which the engine's folder is made of, need a privilege on Windows.
  if (process.platform === "win32") return quiet;
  // Of a folder that is not there yet Node takes a path for the name of a file; a pattern covers what will lie in it.
  const own = folder === null ? [] : [join(folder, "*")];
  const read = [...ownCode(), ...packages(library), ...own];
  return [...quiet, "--permission", "--allow-addons", ...read.map((path) => `--allow-fs-read=${path}`), ...own.map((path) => `--allow-fs-write=${path}`)];
}

/** Its room, in a working tree this one and those before it, and the file that says they are modules. */
function ownCode(): readonly string[] {
  const place = BUNDLED ?? packageRoot();
  const rooms = BUNDLED === null ? ["runtime", "src", "grammar"] : [join("dist", "engine")];
  return [...rooms.map((room) => join(place, room, sep)), join(place, "package.json")];
}

/** ONNX Runtime with what it needs; with a plugin, FFI and the plugin's folder. Each under the name by which it is looked for, and where it really lies. */
function packages(library: string | null): readonly string[] {
  const runtime = packageFolder("onnxruntime-node", LANE);
  const common = runtime === null ? null : packageFolder("onnxruntime-common", join(realpathSync(runtime), "package.json"));
  const plugin = library === null ? [] : [...foreignCalls(), dirname(library)];
  const folders = [runtime, common, ...plugin].filter((path) => path !== null && existsSync(path));
  const read = [...new Set(folders.flatMap((path) => [...linksOnWayTo(path!), path!, realpathSync(path!)]))].map((path) => join(path, sep));
  // koffi looks into Node's own file for the C library that it was built for.
  return library === null ? read : [...read, process.execPath];
}

/** koffi, whose native part for each machine is a package of its own. */
function foreignCalls(): readonly (string | null)[] {
  const koffi = packageFolder("koffi", LANE);
  return koffi === null ? [] : [koffi, packageFolder(join("@koromix", `koffi-${process.platform}-${process.arch}`), join(realpathSync(koffi), "package.json"))];
}

/** Folders on the way to this one that are links, as `node_modules` itself may be, and what they lead through: Node looks at each of them to learn where a package lies. */
function linksOnWayTo(path: string, left = MOST_LINKS): readonly string[] {
  const above = dirname(path);
  if (above === path || left === 0) return [];
  const found = linksOnWayTo(above, left);
  if (!lstatSync(path).isSymbolicLink()) return found;
  return [...found, path, ...linksOnWayTo(resolve(realpathSync(above), readlinkSync(path)), left - 1)];
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** The folder of a package as Node finds it from a file: in the nearest `node_modules` that has it. */
function packageFolder(name: string, from: string): string | null {
  for (let at = dirname(from); ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(folder)) return folder;
    if (dirname(at) === at) return null;
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
