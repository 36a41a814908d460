/** Without this file a download would bring optimiser states, copies in other formats and a repository's other SAEs as well. */
import { CheckpointError } from "../checkpoint/error.ts";
import { otherThanModel } from "../checkpoint/other_folder.ts";
import type { Listed } from "./listing.ts";
import { HUB_PREFIX, type HubName } from "./name.ts";

/** What of a repository is used: `now` is needed to check a query, `later` holds weights. */
export interface Wanted {
  readonly now: readonly Listed[];
  readonly later: readonly Listed[];
}

const MODEL_FILES = new Set(["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json", "model.safetensors.index.json", "pytorch_model.bin.index.json"]);
const PICKLE = /\.(bin|pt|pth|ckpt|pkl)$/i;
/** Saved beside SAEs and not used to encode: the density of features, and how the SAE was trained, with the activations that were left when it was saved. */
const BESIDE = new Set(["sparsity.safetensors", "runner_cfg.json", "activations_store_state.safetensors", "activation_whitening.safetensors"]);
/** Files of torch.save that are read, by a reader that can build nothing but tensors. */
const TORCH = /\.pth?$/i;
/** Names under which one file is one of several SAEs of its folder. */
const ONE_OF_MANY = /^(layer_?\d+(\.sae)?|W_enc_\d+)\.(safetensors|pt)$/;

const nameOf = ({ path }: Listed): string => path.slice(path.lastIndexOf("/") + 1);
const folderOf = ({ path }: Listed): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Whether a path may be that of one file of weights of an SAE. */
export function isWeights(path: string): boolean {
  return /\.(safetensors|npz|pth?)$/i.test(path);
}

/** Weights of models, as they are taken one before the other: one file, its shards, the index of these. */
const OF_MODELS = [
  { single: "model.safetensors", shard: /^model-\d+-of-\d+\.safetensors$/, index: "model.safetensors.index.json" },
  { single: "pytorch_model.bin", shard: /^pytorch_model-\d+-of-\d+\.bin$/, index: "pytorch_model.bin.index.json" },
];

/** Config, tokenizer and weights of a model: safetensors where there are any, one file before shards. */
export function wantedOfModel(files: readonly Listed[], repository: string, folder: string): Wanted {
  const here = files.filter((file) => folderOf(file) === folder);
  for (const { single, shard, index } of OF_MODELS) {
    const whole = here.filter((file) => nameOf(file) === single);
    const weights = whole.length > 0 ? whole : here.filter((file) => shard.test(nameOf(file)));
    const used = (name: string): boolean => MODEL_FILES.has(name) && (!name.endsWith(".index.json") || (whole.length === 0 && name === index));
    if (weights.length > 0) return { now: here.filter((file) => used(nameOf(file))), later: weights };
  }
  const other = otherThanModel(folder === "" ? repository : `${repository}/${folder}`, here.map(nameOf));
  if (other !== null) throw other;
  refusePickles(here, repository);
  return { now: here.filter((file) => MODEL_FILES.has(nameOf(file))), later: [] };
}

/**
 * Configs and weights of an SAE; files of torch.save only where there are no others, and then those of the folder itself: what lies below it are
 * states of its training.
 */
export function wantedOfSae(files: readonly Listed[], { repository, folder, revision }: HubName): Wanted {
  const several = files.filter((file) => folderOf(file) === folder && ONE_OF_MANY.test(nameOf(file)));
  if (several.length > 1) {
    const at = (file: Listed): string => `set sae "${HUB_PREFIX}${repository}/${file.path}${revision === "main" ? "" : `@${revision}`}"`;
    throw new CheckpointError("unsupported-sae-format", `\`${repository}\` holds ${several.length} SAEs${folder === "" ? "" : ` in \`${folder}\``}, one a file`, { notes: [several.slice(0, 8).map(nameOf).join(", ")], help: `name one of them: ${at(several[0]!)}` });
  }
  const used = files.filter((file) => !BESIDE.has(nameOf(file)));
  const mapped = used.filter((file) => /\.(safetensors|npz)$/.test(file.path));
  const weights = mapped.length > 0 ? mapped : used.filter((file) => TORCH.test(file.path) && folderOf(file) === folder);
  if (weights.length === 0) refusePickles(files, repository);
  return { now: used.filter((file) => /\.(json|yaml)$/.test(file.path)), later: weights };
}

/** One file of a folder of many, and the configs that belong to it. */
export function wantedOfFile(beside: readonly Listed[], file: Listed): Wanted {
  const own = `${nameOf(file).replace(/\.\w+$/, "")}_cfg.json`;
  const configs = new Set(["cfg.json", "config.json", "config.yaml", "hyperparams.json", "lm_config.json", own]);
  return { now: beside.filter((each) => configs.has(nameOf(each))), later: [file] };
}

function refusePickles(files: readonly Listed[], repository: string): void {
  const pickle = files.find((file) => PICKLE.test(nameOf(file)));
  if (pickle === undefined) return;
  throw new CheckpointError("pickle-refused", `\`${repository}\` holds its weights in \`${pickle.path}\` only, a pickle, which can run code when it is opened`, {
    notes: ["it was not downloaded"],
    help: 'convert it once where you trust it: safetensors.torch.save_file(torch.load(path, weights_only=True), "model.safetensors")',
  });
}
