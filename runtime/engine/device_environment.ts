/** Without this file a device would compute in fewer bits than were asked for, or its driver would not be found where containers have it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../src/emit/target.ts";

/** Where drivers lie that no loader looks for by itself: NVIDIA's in containers of clusters, and those of NixOS. */
export const DRIVER_ROOTS: readonly string[] = ["/usr/local/nvidia", "/run/opengl-driver"];

/**
 * Environment of an engine process for a target, beside `env`. NVIDIA_TF32_OVERRIDE=0: cuBLAS must not round float32 to 10 bits (CUDA's
 * documentation, cuBLAS, environment variables), in encoders beside a model in half precision either; the provider's own option is on, and the
 * binding cannot set it. Folders of drivers stand behind those that are named or usual (ld.so(8); Vulkan loader, LoaderDriverInterface.md).
 */
export function environmentOf({ provider }: Target, env: Readonly<Record<string, string | undefined>> = process.env, exists: (path: string) => boolean = existsSync): Readonly<Record<string, string>> {
  if (provider !== "cuda" && provider !== "webgpu") return {};
  const libraries = DRIVER_ROOTS.flatMap((root) => ["lib64", "lib"].map((name) => join(root, name))).filter(exists);
  const data = DRIVER_ROOTS.map((root) => join(root, "share")).filter((folder) => exists(join(folder, "vulkan/icd.d")));
  return {
    ...(provider === "cuda" ? { NVIDIA_TF32_OVERRIDE: "0" } : {}),
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: [env["LD_LIBRARY_PATH"] ?? "", ...libraries].filter((part) => part !== "").join(":") }),
    ...(provider === "cuda" || data.length === 0 ? {} : { XDG_DATA_DIRS: [env["XDG_DATA_DIRS"] || "/usr/local/share:/usr/share", ...data].join(":") }),
  };
}
