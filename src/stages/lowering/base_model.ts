/** Without this file an SAE of the base model would be used on its instruct version, and nobody told. */

/** Repositories that hold the same model under another name. */
const ALIASES: Readonly<Record<string, string>> = {
  gpt2: "gpt2", "gpt2-small": "gpt2", "mistral-7b": "mistral-7b-v0.1", "gemma-3-270m-pt": "gemma-3-270m",
};

/** The model's name without its owner: mirrors of a repository keep it. */
export function modelName(repository: string): string {
  const name = repository.slice(repository.lastIndexOf("/") + 1).toLowerCase().replace(/^meta-llama-(?=3)/, "llama-");
  return ALIASES[name] ?? name;
}

const TUNED = /-(it|instruct|chat)(?=-|$)/;
const BASE = /-(pt|base)(?=-|$)/;

/**
 * How two names of models disagree; null where they are one model. A version tuned for instructions has the layers and widths of its base, so only
 * the name tells them apart.
 */
export function disagreement(trainedOn: string, used: string): "tuning" | "model" | null {
  const [a, b] = [modelName(trainedOn), modelName(used)];
  if (a === b) return null;
  const bare = (name: string): string => name.replace(TUNED, "").replace(BASE, "");
  return bare(a) === bare(b) ? (TUNED.test(a) === TUNED.test(b) ? null : "tuning") : "model";
}

/** The repository of a model as an SAE names it, or null where the name is none of the hub: `gpt2-small` is TransformerLens' own. */
export function hubModelName(name: string | null): string | null {
  if (name === null || name === "") return null;
  if (name.includes("/")) return name;
  return name.toLowerCase() in ALIASES ? name : null;
}
