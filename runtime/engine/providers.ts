/** Without this file saeq could only try a device and fail: what can be seen from outside says what is missing and how to add it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DRIVER_ROOTS } from "./device_environment.ts";
import { OPENVINO } from "../../src/ops/openvino.ts";
import type { Provider } from "../../src/emit/target.ts";

/** What is looked at; replaced in tests. */
export interface Surroundings {
  readonly platform: string;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
  /** The loader's own list of libraries, as it lies on disk; "" where there is none. */
  readonly loaderCache: () => string;
  /** Names in a folder; [] where there is none. */
  readonly list: (folder: string) => readonly string[];
  /** Folder of ONNX Runtime's library; null: the package is not installed. */
  readonly runtime: string | null;
  /** Library of a plugin provider. */
  readonly library: string | null;
}

export interface ProviderFacts {
  readonly provider: Provider;
  /** null: all that can be seen from outside is there; whether it works is known once it was started. */
  readonly missing: string | null;
  /** A command that adds what is missing. */
  readonly remedy: string | null;
  /** What `auto` needs to know: the device is software only, or slower than the processor. */
  readonly unfit: string | null;
  readonly detail: string;
}

/** The package's folder of native libraries: `bin/napi-v6/linux/x64`. Found without loading it. */
export function runtimeFolder(): string | null {
  try {
    const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
    const folder = join(root, "bin", "napi-v6", process.platform, process.arch);
    return existsSync(folder) ? folder : null;
  } catch {
    return null;
  }
}

export function surroundings(library: string | null): Surroundings {
  const list = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const loaderCache = (): string => {
    try {
      return readFileSync("/etc/ld.so.cache", "latin1");
    } catch {
      return "";
    }
  };
  return { platform: process.platform, arch: process.arch, env: process.env, exists: existsSync, loaderCache, list, runtime: runtimeFolder(), library };
}

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib/x86_64-linux-gnu", "/lib64", "/usr/local/lib", "/usr/lib/wsl/lib", "/usr/local/cuda/lib64", ...DRIVER_ROOTS.flatMap((root) => [join(root, "lib64"), join(root, "lib")])];
const DRIVERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", ...DRIVER_ROOTS.map((root) => join(root, "share/vulkan/icd.d"))];

/** Path of a shared library of the system, where the loader would look. */
function findLibrary(name: string, { env, exists, loaderCache }: Surroundings): string | null {
  const folders = [...(env["LD_LIBRARY_PATH"] ?? "").split(":").filter((folder) => folder !== ""), ...LIBRARIES];
  const found = folders.map((folder) => join(folder, name)).find(exists);
  if (found !== undefined) return found;
  // Paths stand in the list as they are, each ended by a zero byte (glibc, sysdeps/generic/dl-cache.h).
  const listed = loaderCache().split("\0").filter((path) => path.startsWith("/") && path.endsWith(`/${name}`));
  return listed.find(exists) ?? null;
}

/** Descriptions of Vulkan drivers (the loader's own rules: LoaderDriverInterface.md). */
function vulkanDrivers({ env, list }: Surroundings): readonly string[] {
  const named = env["VK_DRIVER_FILES"] ?? env["VK_ICD_FILENAMES"];
  if (named !== undefined && named !== "") return named.split(":").filter((path) => path !== "");
  return DRIVERS.flatMap((folder) => list(folder).filter((name) => name.endsWith(".json")).map((name) => join(folder, name)));
}

/** Device files of graphics cards. */
function cards({ exists, list }: Surroundings): readonly string[] {
  return [...list("/dev/dri").filter((name) => name.startsWith("renderD")).map((name) => `/dev/dri/${name}`), ...["/dev/nvidia0", "/dev/dxg"].filter(exists)];
}

/** Names in a driver's file of Vulkan drivers that compute on the processor. */
const SOFTWARE = /swiftshader|lvp_icd|llvmpipe/i;

function webgpu(around: Surroundings): ProviderFacts {
  const facts = (missing: string | null, remedy: string | null, unfit: string | null, detail: string): ProviderFacts => ({ provider: "webgpu", missing, remedy, unfit, detail });
  if (around.platform === "darwin") return facts(null, null, null, "Metal");
  if (around.platform === "win32") return facts(null, null, null, "Direct3D 12");
  const loader = findLibrary("libvulkan.so.1", around);
  if (loader === null) return facts("no Vulkan loader (libvulkan.so.1)", "apt-get install libvulkan1", null, "");
  const drivers = vulkanDrivers(around);
  if (drivers.length === 0) return facts("no Vulkan driver is described in /usr/share/vulkan/icd.d", "install the driver of your graphics card: apt-get install mesa-vulkan-drivers, or NVIDIA's", null, loader);
  const gone = drivers.filter((path) => !around.exists(path));
  if (gone.length === drivers.length) return facts(`the Vulkan driver's file does not exist: ${gone.join(", ")}`, "correct VK_DRIVER_FILES, or unset it", null, loader);
  const software = drivers.every((path) => SOFTWARE.test(path));
  const unfit = software ? `only a software driver (${drivers.join(", ")})` : cards(around).length === 0 ? "no graphics card (/dev/dri/renderD*, /dev/nvidia0)" : null;
  return facts(null, null, unfit, `${loader}, ${drivers.join(", ")}`);
}

/** Libraries of the CUDA provider, beside ONNX Runtime's own. */
export const CUDA_FILES = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"] as const;

function cuda(around: Surroundings): ProviderFacts {
  const facts = (missing: string | null, remedy: string | null, detail: string): ProviderFacts => ({ provider: "cuda", missing, remedy, unfit: null, detail });
  if (around.platform !== "linux" || around.arch !== "x64") return facts(`onnxruntime-node has CUDA for Linux on x64 only, this is ${around.platform} on ${around.arch}`, null, "");
  const files = CUDA_FILES.map((name) => join(around.runtime ?? "", name));
  const absent = files.filter((path) => !around.exists(path));
  const driver = findLibrary("libcuda.so.1", around);
  const needs = [...(absent.length === 0 ? [] : ["the provider's library is not installed"]), ...(driver === null ? ["no NVIDIA driver (libcuda.so.1)"] : [])];
  const remedy = absent.length > 0 ? "saeq doctor --install cuda" : driver === null ? "install NVIDIA's driver" : null;
  return facts(needs.length === 0 ? null : needs.join("; "), remedy, driver ?? "");
}

function openvino(around: Surroundings): ProviderFacts {
  const facts = (missing: string | null, remedy: string | null): ProviderFacts => ({ provider: "openvino", missing, remedy, unfit: "a plugin is used where it is asked for", detail: around.library ?? "" });
  const remedy = `${OPENVINO.install}, then: saeq … --ep-library ${OPENVINO.library}`;
  if (around.library === null) return facts("no plugin library was named", remedy);
  return around.exists(around.library) ? facts(null, null) : facts(`${around.library} does not exist`, remedy);
}

/** Every provider, the fastest first. */
export function lookAround(around: Surroundings): readonly ProviderFacts[] {
  return [cuda(around), webgpu(around), openvino(around), { provider: "cpu", missing: null, remedy: null, unfit: null, detail: "" }];
}
