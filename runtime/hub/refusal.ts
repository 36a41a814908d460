/** Without this file a closed door of the hub would be a number: 401, 403, 404, 429. */
import { CheckpointError } from "../checkpoint/error.ts";

/** What was asked for, in the user's words. */
export interface Asked {
  readonly repository: string;
  readonly revision: string;
  /** A path in the repository; null where the repository itself was asked for. */
  readonly file: string | null;
}

/**
 * A status that no further try would change, as an error that says what to do. Codes in `X-Error-Code` are those that huggingface_hub tells
 * apart (`utils/_http.py` hf_raise_for_status): GatedRepo, RepoNotFound, RevisionNotFound, EntryNotFound.
 */
export function refusal(response: Response, asked: Asked, endpoint: string, withToken: boolean): CheckpointError {
  const code = response.headers.get("X-Error-Code") ?? "";
  const said = response.headers.get("X-Error-Message") ?? "";
  const page = `${endpoint}/${asked.repository}`;
  const { status } = response;
  const notes = [`${new URL(endpoint).host} answered ${status}${said === "" ? "" : `: ${said}`}`];
  const token = "export HF_TOKEN=hf_… (a token with read access, from huggingface.co/settings/tokens)";
  if (code === "GatedRepo") {
    return new CheckpointError("hub-denied", `\`${asked.repository}\` is gated: its owner lets in only those who accept its terms`, {
      notes: [...notes, withToken ? "a token was sent; its owner has no access yet" : "no token was sent"],
      help: withToken ? `accept the terms at ${page}, then run this again` : `accept the terms at ${page}, then: ${token}`,
    });
  }
  if (status === 401 && /invalid (credentials|username|token)/i.test(said)) return new CheckpointError("hub-denied", "the hub does not accept the token that was sent", { notes, help: `${token}, or remove the old one` });
  if (code === "RevisionNotFound") return new CheckpointError("hub-not-found", `\`${asked.repository}\` has no revision \`${asked.revision}\``, { notes, help: `branches and tags are listed at ${page}/tree/main` });
  if (code === "EntryNotFound") return new CheckpointError("hub-not-found", `\`${asked.repository}\` at \`${asked.revision}\` has no ${asked.file === null || asked.file === "" ? "such entry" : `\`${asked.file}\``}`, { notes, help: `its files are listed at ${page}/tree/${asked.revision}` });
  if (code === "RepoNotFound" || status === 404 || status === 401) {
    return new CheckpointError("hub-not-found", `there is no repository \`${asked.repository}\` on the hub, or it is private`, {
      notes: [...notes, withToken ? "a token was sent; it may not see a private one" : "no token was sent; a private repository needs one"],
      help: withToken ? "check the name" : `check the name; for a private repository: ${token}`,
    });
  }
  if (status === 403) return new CheckpointError("hub-denied", `the hub does not let this token read \`${asked.repository}\``, { notes: [...notes, withToken ? "the token may lack the right to read this repository" : "no token was sent"], help: token });
  return new CheckpointError("hub-unavailable", `the hub refused to give ${asked.file === null ? "" : `\`${asked.file}\` of `}\`${asked.repository}\``, { notes, help: "try again later" });
}
