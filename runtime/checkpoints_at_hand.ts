/** Without this file people would have to remember which models and SAEs are on their machine. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hubFolders } from "./hub/environment.ts";
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
    // A model has its configuration at the top; SAEs have theirs in folders or under other names.
    const kind = existsSync(join(folder, entry, "snapshots", revision, "config.json")) && existsSync(join(folder, entry, "snapshots", revision, "tokenizer.json")) ? "model" : "sae";
    return [{ kind, name: `hf:${organisation}/${name.join("--")}`, place: "hub cache" }];
  });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
