/** Without this file every reader of SAEs would list folders and open weights in a way of its own. */
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import type { Convention, SaeSpec } from "../../src/emit/sae_specs.ts";
import { announcedIn } from "./absent.ts";
import type { Config } from "./config.ts";
import { CheckpointError } from "./error.ts";
import { readNpz } from "./npz.ts";
import { findFile, requireFile, unreadable } from "./real_path.ts";
import { readSafetensors, refusePickle } from "./safetensors.ts";
import { readJsonObject } from "./strict_json.ts";
import { readTorchFile } from "./torch_file.ts";
import type { Weights } from "./weights.ts";

export interface SaeOptions {
  /** null: the publisher's own. */
  readonly convention: Convention | null;
  /**
   * What a registry knows and the files do not: `normFactor`, √d over the average norm of the activations; `place`, the repository and
   * path an SAE was published under, from which some formats take layer, hook and k (default: the folder's path); `file`, which of several
   * SAEs in one folder (`layer_3.safetensors`).
   */
  readonly normFactor?: number | null;
  readonly place?: string | null;
  readonly file?: string | null;
  /** A normalisation that sae_lens' table puts in place of the one in a config of sae_lens. */
  readonly normalize?: string | null;
}

/** A folder that may hold an SAE. */
export interface SaeFolder {
  readonly path: string;
  readonly place: string;
  /** Names of everything in it. */
  readonly names: ReadonlySet<string>;
  readonly options: { readonly convention: Convention | null; readonly normFactor: number | null; readonly file: string | null; readonly normalize: string | null };
}

/** One format: null where the folder holds something else. */
export type SaeReader = (folder: SaeFolder) => Promise<SaeSpec | null>;

const MOST_NAMES = 100_000;

export async function openFolder(path: string, { convention, normFactor = null, place = null, file = null, normalize = null }: SaeOptions): Promise<SaeFolder> {
  const names = await readdir(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  if (names.length > MOST_NAMES) throw new CheckpointError("unsupported-sae-format", `${path} holds ${names.length} files`, { help: "name the folder of one SAE" });
  if (normFactor !== null && !(normFactor > 0 && Number.isFinite(normFactor))) throw new Error(`a norm factor is a number greater than 0, not ${normFactor}`);
  return { path, place: place ?? path, names: new Set([...names, ...announcedIn(path)]), options: { convention, normFactor, file, normalize } };
}

/** Files that the matrices of an SAE lie in. */
export function saeFiles({ encoder, decoder }: SaeSpec): ReadonlySet<string> {
  return new Set([encoder, ...(decoder === null ? [] : [decoder.weight, ...(decoder.skip === null ? [] : [decoder.skip.weight])])].map(({ file }) => file));
}

/** A JSON config of the folder with its bytes, which are part of the digest. */
export async function configOf(folder: SaeFolder, name: string): Promise<Config & { readonly bytes: Uint8Array }> {
  const file = await requireFile(folder.path, name, "download the whole folder again");
  return { file, ...(await readJsonObject(file)) };
}

/** The weights of the first of these files that is there, by what its name ends in. */
export async function weightsOf(folder: Pick<SaeFolder, "path">, names: readonly string[], help: string): Promise<Weights> {
  for (const name of names) {
    const file = await findFile(folder.path, name);
    if (file !== null) return openWeights(file, extname(name).toLowerCase());
  }
  return openWeights(await requireFile(folder.path, names[0] as string, help), extname(names[0] as string));
}

/** `ending` is of the name in the folder: in a hub cache the file itself is named by its hash. */
export async function openWeights(file: string, ending: string): Promise<Weights> {
  switch (ending) {
    case ".npz": {
      const { weights, notes } = await readNpz(file);
      return { files: [weights], notes };
    }
    case ".pt":
    case ".pth":
      return { files: [await readTorchFile(file)], notes: [] };
    case ".safetensors":
      return { files: [await readSafetensors(file)], notes: [] };
    default:
      refusePickle(`x${ending}`);
      throw new CheckpointError("unsupported-sae-format", `${file} is of no format of weights that is read`, { help: "convert it to safetensors" });
  }
}
