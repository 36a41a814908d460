/** Without this file people would have to remember which models and SAEs are on their machine. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hubFolders } from "../hub/environment.ts";
import { isWeights } from "../hub/wanted.ts";
import { registeredNames } from "./shipped.ts";

export interface CheckpointAtHand {
  readonly kind: "model" | "sae";
  /** What `set` takes. */
  readonly name: string;
  /** Where it is, for people. */
  readonly place: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** More folders than this are not looked into: a list that long helps nobody. */
const MOST = 500;

/** What ships with saeq, then what lies in the hub's cache on this machine. Reads folder names only; nothing is loaded. */
export function checkpointsAtHand(env: Env = process.env): readonly CheckpointAtHand[] {
  const shipped = (["model", "sae"] as const).flatMap((kind) => registeredNames(kind).map((name): CheckpointAtHand => ({ kind, name, place: "ships with saeq" })));
  return [...shipped, ...cached(hubFolders(env).cache)];
}

function cached(folder: string): CheckpointAtHand[] {
  return entries(folder).slice(0, MOST).flatMap((entry): CheckpointAtHand[] => {
    const [, organisation, ...name] = /^models--/.test(entry) ? entry.split("--") : [];
    if (organisation === undefined || name.length === 0) return [];
    const [revision] = entries(join(folder, entry, "snapshots"));
    if (revision === undefined) return [];
    const snapshot = join(folder, entry, "snapshots", revision);
    const repository = `hf:${organisation}/${name.join("--")}`;
    // A model has its configuration at the top; SAEs have theirs in folders or under other names.
    if (existsSync(join(snapshot, "config.json")) && existsSync(join(snapshot, "tokenizer.json"))) return [{ kind: "model", name: repository, place: "hub cache" }];
    return saesIn(snapshot, "", DEEPEST).slice(0, MOST).map((path) => ({ kind: "sae", name: `${repository}${path}`, place: "hub cache" }));
  });
}

/** Folders of a repository that SAEs lie in. */
const DEEPEST = 6;
/** Files that make a folder an SAE; other weights are one each. */
const OF_A_FOLDER = /^(cfg\.json|hyperparams\.json|params\.(npz|safetensors)|(sae|sae_weights|ae)\.(safetensors|pt))$/;

/** Paths of SAEs below a folder, each with a slash before it; "" is the folder itself. */
function saesIn(snapshot: string, below: string, deep: number): string[] {
  const names = entries(join(snapshot, below));
  if (names.some((name) => OF_A_FOLDER.test(name))) return [below];
  const files = names.filter(isWeights).filter((name) => statSync(join(snapshot, below, name), { throwIfNoEntry: false })?.isFile() === true);
  if (files.length > 0 || deep === 0) return files.map((name) => `${below}/${name}`);
  return names.flatMap((name) => saesIn(snapshot, `${below}/${name}`, deep - 1)).slice(0, MOST);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
