/** Without this file tests that compute with an archive would have to convert it as a run does. */
import { makeAbsent } from "../../runtime/checkpoint/absent.ts";
import { readNpz } from "../../runtime/checkpoint/npz.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { saeFiles, type SaeOptions } from "../../runtime/checkpoint/sae_folder.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";

const NEVER = new AbortController().signal;

/** An SAE that can be computed with: what could not be mapped is converted. */
export async function readWholeSae(path: string, options: SaeOptions): Promise<SaeSpec> {
  const spec = await readSae(path, options);
  let made = false;
  await makeAbsent(saeFiles(spec), NEVER, () => (made = true));
  return made ? { ...(await readSae(path, options)), notes: spec.notes } : spec;
}

export async function readWholeNpz(file: string, signal: AbortSignal = NEVER): ReturnType<typeof readNpz> {
  const found = await readNpz(file);
  await makeAbsent(new Set([...found.weights.tensors.values()].map((tensor) => tensor.file)), signal, () => {});
  return found;
}
