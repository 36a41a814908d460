/** Without this file names like `hf:org/name@main` would be taken apart in several ways. */
import { CheckpointError } from "../checkpoint/error.ts";

export const HUB_PREFIX = "hf:";
export const COMMIT: RegExp = /^[0-9a-f]{40}$/;

/** A repository on the hub, a folder in it and a revision of it. */
export interface HubName {
  /** `org/name`, or `name` for the few old repositories without an owner. */
  readonly repository: string;
  /** Below the root of the repository, with forward slashes; "" is the root. */
  readonly folder: string;
  /** A branch, a tag, `refs/pr/1` or a commit of 40 hexadecimal digits. */
  readonly revision: string;
}

/** What huggingface_hub accepts as one part of a repository's name (`utils/_validators.py` REPO_ID_REGEX). */
const PART = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
/** Git refs, as far as they are also safe names of files. */
const REVISION = /^(?!.*(?:\.\.|\/\/|@\{))[A-Za-z0-9_][\w./+-]{0,199}$/;

/**
 * `hf:org/name`, `hf:org/name@revision`, `hf:org/name/sub/folder@revision`: the first two words are the repository, what follows a folder in it, or one file of weights of an SAE,
 * and behind the `@` everything is the revision, which may hold slashes itself. Without one it is the branch `main`.
 * @throws CheckpointError `hub-name`
 */
export function parseHubName(text: string): HubName {
  const rest = text.slice(HUB_PREFIX.length);
  const at = rest.lastIndexOf("@");
  const revision = at === -1 ? "main" : rest.slice(at + 1);
  const parts = (at === -1 ? rest : rest.slice(0, at)).split("/");
  const repository = parts.slice(0, 2);
  const folder = parts.slice(2);
  const fault = (why: string): never => {
    throw new CheckpointError("hub-name", `\`${text}\` is no name of a repository: ${why}`, {
      notes: ["hf:org/name, hf:org/name@revision, hf:org/name/sub/folder@revision or, of SAEs, hf:org/name/layer3.sae.pt@revision"],
      help: 'set model "hf:org/name@main"',
    });
  };
  if (repository.some((part) => part === "")) fault(rest === "" ? "nothing follows `hf:`" : "a part of it is empty");
  const bad = repository.find((part) => !PART.test(part));
  if (bad !== undefined) fault(`\`${bad}\` has characters that names on the hub have not`);
  if (folder.some((part) => part === "" || part === "." || part === ".." || /[\\:\0]/.test(part))) fault("its folder is not one inside the repository");
  if (!REVISION.test(revision)) fault(revision === "" ? "nothing follows `@`" : `\`${revision}\` is no branch, tag or commit`);
  return { repository: repository.join("/"), folder: folder.join("/"), revision };
}

/** The name with the commit in place of a branch: what another machine has to write to get the same files. */
export function pinned({ repository, folder }: HubName, commit: string): string {
  return `${HUB_PREFIX}${repository}${folder === "" ? "" : `/${folder}`}@${commit}`;
}
