/** Without this file saeq would not find the hub, the cache and the token that Python on the same machine uses. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";

export interface HubEnvironment {
  /** `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  /** Host and port of the endpoint: what `--allow-net` grants. */
  readonly host: string;
  /** The folder of repositories that huggingface_hub reads and writes too. */
  readonly cache: string;
  /** What saeq itself remembers of repositories: lists of files and headers of shards. */
  readonly notes: string;
  readonly token: string | null;
  readonly offline: boolean;
}

const yes = (value: string | undefined): boolean => value !== undefined && ["1", "ON", "YES", "TRUE"].includes(value.toUpperCase());

/**
 * @throws CheckpointError `hub-unavailable` for an endpoint that is no address
 * HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE and HF_HUB_DISABLE_IMPLICIT_TOKEN, with the meaning
 * and the defaults of huggingface_hub 2.4 (`constants.py`, `utils/_auth.py`).
 */
export function hubEnvironment(env: Env): HubEnvironment {
  const given = givenIn(env);
  const { cache, hubHome, caches } = hubFolders(env);
  const endpoint = (given("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, "");
  return {
    endpoint,
    host: hostOf(endpoint),
    cache,
    notes: join(caches, "saeq", "hub"),
    token: tokenOf(given, pathIn(env)(given("HF_TOKEN_PATH") ?? join(hubHome, "token")), yes(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"])),
    offline: yes(env["HF_HUB_OFFLINE"]) || yes(env["TRANSFORMERS_OFFLINE"]),
  };
}

type Env = Readonly<Record<string, string | undefined>>;

const givenIn = (env: Env) => (name: string): string | undefined => (env[name] === undefined || env[name] === "" ? undefined : env[name]);
const homeIn = (env: Env): string => env["HOME"] ?? homedir();
const pathIn = (env: Env) => (text: string): string =>
  resolve(text.replace(/^~(?=\/|$)/, homeIn(env)).replaceAll(/\$(\w+)|\$\{(\w+)\}/g, (all, a: string | undefined, b: string | undefined) => env[a ?? b ?? ""] ?? all));

/** The folder of repositories, the hub's home and the folder of all caches, whatever the endpoint is. */
export function hubFolders(env: Env): { readonly cache: string; readonly hubHome: string; readonly caches: string } {
  const [given, path] = [givenIn(env), pathIn(env)];
  const caches = path(given("XDG_CACHE_HOME") ?? join(homeIn(env), ".cache"));
  const hubHome = path(given("HF_HOME") ?? join(caches, "huggingface"));
  return { cache: path(given("HF_HUB_CACHE") ?? given("HUGGINGFACE_HUB_CACHE") ?? join(hubHome, "hub")), hubHome, caches };
}

function hostOf(endpoint: string): string {
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : "";
  if (host === "" || !/^https?:/.test(endpoint)) throw new CheckpointError("hub-unavailable", `HF_ENDPOINT is \`${endpoint}\`, which is no address`, { help: "export HF_ENDPOINT=https://huggingface.co" });
  return host;
}

/** A token is one line without spaces; what else a file holds is no token. */
function tokenOf(given: (name: string) => string | undefined, file: string, never: boolean): string | null {
  if (never) return null;
  const text = given("HF_TOKEN") ?? given("HUGGING_FACE_HUB_TOKEN") ?? (existsSync(file) ? readFileSync(file, "utf8") : "");
  const token = text.trim();
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}
