/** Without this file a download would bring pickles, optimiser states and copies in other formats as well. */
import { CheckpointError } from "../checkpoint/error.ts";
import type { Listed } from "./listing.ts";

/** What of a repository is used: `now` is needed to check a query, `later` holds weights. */
export interface Wanted {
  readonly now: readonly Listed[];
  readonly later: readonly Listed[];
}

const MODEL_FILES = new Set(["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json"]);
const PICKLE = /\.(bin|pt|pth|ckpt|pkl)$/i;
/** Saved beside SAEs and not used to encode: the density of features, and how the SAE was trained. */
const BESIDE = new Set(["sparsity.safetensors", "runner_cfg.json"]);

const nameOf = ({ path }: Listed): string => path.slice(path.lastIndexOf("/") + 1);

/** Config, tokenizer and safetensors of a model; one file of weights is taken before shards. */
export function wantedOfModel(files: readonly Listed[], repository: string, folder: string): Wanted {
  const here = files.filter(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/"))) === folder);
  const single = here.filter((file) => nameOf(file) === "model.safetensors");
  const weights = single.length > 0 ? single : here.filter((file) => /^model-\d+-of-\d+\.safetensors$/.test(nameOf(file)));
  if (weights.length === 0) refusePickles(here, repository);
  return { now: here.filter((file) => MODEL_FILES.has(nameOf(file)) && !(single.length > 0 && nameOf(file).endsWith(".index.json"))), later: weights };
}

/** Configs and weights of an SAE; an archive of arrays has no header that could be read by itself and comes at once. */
export function wantedOfSae(files: readonly Listed[], repository: string): Wanted {
  const used = files.filter((file) => !BESIDE.has(nameOf(file)) && !PICKLE.test(nameOf(file)));
  const weights = used.filter((file) => /\.(safetensors|npz)$/.test(file.path));
  if (weights.length === 0) refusePickles(files, repository);
  return { now: used.filter((file) => /\.(json|yaml|npz)$/.test(file.path)), later: weights.filter((file) => file.path.endsWith(".safetensors")) };
}

function refusePickles(files: readonly Listed[], repository: string): void {
  const pickle = files.find((file) => PICKLE.test(nameOf(file)));
  if (pickle === undefined) return;
  throw new CheckpointError("pickle-refused", `\`${repository}\` holds its weights in \`${pickle.path}\` only, a pickle, which can run code when it is opened`, {
    notes: ["it was not downloaded"],
    help: 'convert it once where you trust it: safetensors.torch.save_file(torch.load(path, weights_only=True), "model.safetensors")',
  });
}
