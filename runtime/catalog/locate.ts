/** Without this file the catalog would have to know the shipped model, the registry, the hub and folders, each with its own rules. */
import { createHash } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";
import { hubEnvironment, type HubEnvironment } from "../hub/environment.ts";
import { createHub, type Hub, type HubCall, type Opened } from "../hub/hub.ts";
import { HUB_PREFIX, parseHubName, pinned } from "../hub/name.ts";
import type { Patience } from "../hub/request.ts";
import { fullName, hasRelease, modelsOfReleases, registeredSae, releaseNames, saesOf, type RegisteredSae } from "../registry/registry.ts";
import { registered } from "./shipped.ts";
import { nearest } from "../../src/check/suggest.ts";
import { modelName } from "../../src/stages/lowering/base_model.ts";

export type CheckpointKind = "model" | "sae";

/** A model or SAE, as a folder. */
export interface Located {
  readonly folder: string;
  /** One of several SAEs in the folder; null where the folder is the SAE. */
  readonly file: string | null;
  /** Repository and path that an SAE was published under; null where neither is known. */
  readonly place: string | null;
  /** Null for a folder of this machine. */
  readonly hub: Opened | null;
  readonly registered: RegisteredSae | null;
  /** `org/name`; of a folder only where it lies in a hub cache. */
  readonly repository: string | null;
}

export interface Locator {
  locate(kind: CheckpointKind, name: string, call: HubCall): Promise<Located>;
  readonly hub: () => Hub;
}

/** Whether a name leads to the hub, and so to the network: `hf:…`, or `release/id` of the registry. */
export function namesHub(kind: CheckpointKind, name: string): boolean {
  return name.startsWith(HUB_PREFIX) || (kind !== "model" && isRegistryName(name));
}

/** Whether looking a name up asks the hub: a name that is a mistake is found to be one without. */
export function asksHub(kind: CheckpointKind, name: string): boolean {
  if (!namesHub(kind, name)) return false;
  if (!name.startsWith(HUB_PREFIX)) return registeredSae(name) !== null;
  try {
    parseHubName(name);
    return true;
  } catch {
    return false;
  }
}

/** `./a/b` and `/a/b` are folders; `a/b` is a name of the registry where `a` is one of its releases. */
function isRegistryName(name: string): boolean {
  const at = name.indexOf("/");
  return !name.startsWith(".") && !isAbsolute(name) && hasRelease(at === -1 ? name : name.slice(0, at));
}

/** Where huggingface.co keeps large files, and sends on to; another endpoint's own are not known before it is asked. */
const FILE_HOSTS: Readonly<Record<string, readonly string[]>> = { "huggingface.co": [".huggingface.co", ".hf.co"] };

/** The hosts that a session asks, or null where it asks none: offline, or with an endpoint that is no address, which is said when it is used. */
export function hubHosts(env: Readonly<Record<string, string | undefined>>): readonly string[] | null {
  try {
    const { host, offline } = hubEnvironment(env);
    return offline ? null : [host, ...(FILE_HOSTS[host] ?? [])];
  } catch {
    return null;
  }
}

export function createLocator(readFrom: string, env: Readonly<Record<string, string | undefined>>, patience?: Patience): Locator {
  let made: { readonly hub: Hub; readonly environment: HubEnvironment } | null = null;
  const hub = (): Hub => {
    if (made === null) {
      const environment = hubEnvironment(env);
      made = { environment, hub: createHub(environment, patience) };
    }
    return made.hub;
  };
  return {
    hub,
    locate: async (kind, name, call) => {
      const sae = kind === "sae" ? registryEntry(name) : null;
      const text = sae === null ? name : `${HUB_PREFIX}${sae.repository}/${sae.path}`;
      if (!text.startsWith(HUB_PREFIX)) {
        const folder = registered(kind, name) ?? (isAbsolute(name) ? name : resolve(readFrom, name));
        return { folder, file: null, place: null, hub: null, registered: null, repository: /models--([^/\\]+)[/\\]snapshots[/\\]/.exec(folder)?.[1]?.replace("--", "/") ?? null };
      }
      const opened = await hub().open(kind, text, call);
      const { repository, folder } = opened.name;
      const path = opened.file === null ? folder : folder.slice(0, -opened.file.length).replace(/\/$/, "");
      return { folder: opened.folder, file: opened.file, place: path === "" ? repository : `${repository}/${path}`, hub: opened, registered: sae, repository };
    },
  };
}

/** @throws CheckpointError `unknown-sae` for a release without that SAE, or a name that is nearly one of the registry */
function registryEntry(name: string): RegisteredSae | null {
  if (name.startsWith(HUB_PREFIX) || isAbsolute(name) || name.startsWith(".")) return null;
  const at = name.indexOf("/");
  const release = at === -1 ? name : name.slice(0, at);
  if (registered("sae", name) !== null) return null;
  if (!hasRelease(release)) return null;
  const found = registeredSae(name);
  if (found !== null) return found;
  const saes = saesOf(release);
  const near = nearest(name.slice(at + 1), saes.map(({ id }) => id)) ?? saes[0]!.id;
  throw new CheckpointError("unknown-sae", at === -1 ? `\`${release}\` is a release of ${saes.length} SAEs; name one of them` : `the release \`${release}\` has no SAE \`${name.slice(at + 1)}\``, {
    notes: [`its SAEs: ${saes.slice(0, 6).map(({ id }) => id).join(", ")}${saes.length > 6 ? ` (+${saes.length - 6} more: saeq sae ls ${release})` : ""}`],
    help: `set sae "${release}/${near}"`,
  });
}

/** What else a folder that is not there may have been meant to be; null where nothing comes near. */
export function meantSae(name: string): string | null {
  const at = name.indexOf("/");
  if (at < 1 || isAbsolute(name)) return null;
  const release = nearest(name.slice(0, at), releaseNames());
  if (release === null) return null;
  const sae = nearest(name.slice(at + 1), saesOf(release).map(({ id }) => id));
  return sae === null ? null : `${release}/${sae}`;
}

/** What a folder that is not there may have been meant to be on the hub, as `hf:org/name`; null where the name is of neither form. */
export function meantOnHub(kind: CheckpointKind, name: string): string | null {
  if (/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(?:@[\w.-]+)?$/.test(name) || (kind === "sae" && /^[A-Za-z0-9][\w.-]*(?:\/[\w.-]+){2,}$/.test(name))) return `${HUB_PREFIX}${name}`;
  const known = kind === "model" ? modelsOfReleases().find((each) => modelName(each) === modelName(name)) : undefined;
  return known === undefined ? null : `${HUB_PREFIX}${known}`;
}

/** What a checkpoint of the hub is, whichever of its files are here: a commit never changes. */
export function hubDigest({ name, commit }: Opened, more: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(["hub", name.repository, name.folder, commit, ...more])).digest("hex");
}

/** Said once: what a moving name stands for now. Null for a commit. */
export function commitNote(typed: string, { name, commit }: Opened, sae: RegisteredSae | null): string | null {
  if (name.revision === commit) return null;
  const what = sae === null ? typed : `${fullName(sae)} (${name.repository})`;
  return `${what} is commit ${commit} of ${name.revision}; to keep to it: "${pinned(name, commit)}"`;
}
