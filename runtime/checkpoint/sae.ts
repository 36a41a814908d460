/** Without this file callers would have to know in which of several formats an SAE was saved. */
import type { Convention, SaeSpec } from "../../src/emit/specs.ts";
import { CheckpointError } from "./error.ts";
import { readLlamaScope } from "./llama_scope.ts";
import { findFile, requireFolder } from "./real_path.ts";
import { refusePickle } from "./safetensors.ts";
import { readSaeLens } from "./sae_lens.ts";

export interface SaeOptions {
  /** null: the publisher's own, `saelens` for the sae_lens format and `openmoss` for Llama Scope. */
  readonly convention: Convention | null;
}

const SUPPORTED = ["sae_lens: cfg.json and sae_weights.safetensors", "Llama Scope: hyperparams.json and checkpoints/final.safetensors"];

/** Files that tell other formats apart, with what to say of each. */
const OTHERS: readonly (readonly [string, string])[] = [
  ["sae.safetensors", "an SAE of EleutherAI's sparsify"],
  ["params.npz", "a Gemma Scope SAE (params.npz)"],
  ["ae.pt", "an SAE of dictionary_learning, a pickle"],
  ["config.json", "an SAE of llamascopium, or a model"],
];

/** Read an SAE folder: config, small vectors and headers; the encoder is only located. Throws `CheckpointError`. */
export async function readSae(path: string, options: SaeOptions): Promise<SaeSpec> {
  const folder = await requireFolder(path);
  if ((await findFile(folder, "hyperparams.json")) !== null) return readLlamaScope(folder, options.convention ?? "openmoss");
  if ((await findFile(folder, "sae.safetensors")) === null && (await findFile(folder, "cfg.json")) !== null) return readSaeLens(folder, options.convention ?? "saelens");
  for (const [file, what] of OTHERS) {
    if ((await findFile(folder, file)) === null) continue;
    refusePickle(file);
    throw new CheckpointError("unsupported-sae-format", `${folder} holds ${what}`, { notes: SUPPORTED.map((format) => `supported: ${format}`) });
  }
  throw new CheckpointError("missing-file", `${folder} holds no SAE`, { notes: SUPPORTED.map((format) => `supported: ${format}`) });
}

