/** Without this file what one graphics card computed would be taken for what another computes, in a home that machines share. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What kernels are chosen by beside the runtime: version of NVIDIA's driver and models of its cards, as the driver tells them (NVIDIA Linux driver README,
 * "The /proc filesystem interface"), and which of them CUDA may use (CUDA programming guide, environment variables). [] where there is no such driver:
 * other makers tell neither in one place.
 */
export function cards(env: Readonly<Record<string, string | undefined>> = process.env, root = "/proc/driver/nvidia"): readonly string[] {
  const driver = read(join(root, "version")).split("\n")[0]!.trim();
  if (driver === "") return [];
  const models = list(join(root, "gpus")).map((slot) => /^Model:\s*(.*)$/m.exec(read(join(root, "gpus", slot, "information")))?.[1]?.trim() ?? "unknown");
  return [driver, ...models, ...["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"].flatMap((name) => (env[name] === undefined ? [] : [`${name}=${env[name]}`]))];
}

let known: readonly string[] | null = null;

/** The same of this process, looked at once. */
export function cardsHere(): readonly string[] {
  known ??= cards();
  return known;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
