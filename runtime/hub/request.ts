/** Without this file one dropped connection or one busy moment of the hub would end a run. */
import { CheckpointError } from "../checkpoint/error.ts";
import type { HubEnvironment } from "./environment.ts";
import { admitHost } from "../gate.ts";
import { redirected } from "./redirect.ts";
import { refusal, type Asked } from "./refusal.ts";

/** How long to hope. */
export interface Patience {
  /** Tries in all. */
  readonly tries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly pause: number;
  /** A `Retry-After` of more seconds is not waited for. */
  readonly longest: number;
  /** Milliseconds without an answer, or without a further byte of it. */
  readonly silence: number;
}
export const PATIENCE: Patience = { tries: 5, pause: 500, longest: 60, silence: 30_000 };

export type Request = (url: string, init: RequestInit, asked: Asked, signal: AbortSignal) => Promise<Response>;

const BUSY = new Set([408, 429, 500, 502, 503, 504]);
const MOST_HOPS = 5;

/**
 * GET or POST to the hub: the token to the hub alone, redirects as `redirect.ts` allows, busy answers and broken connections tried again with
 * growing pauses or as `Retry-After` says. Gives an answer of 2xx or 416, everything else throws.
 * @throws CheckpointError `hub-denied`, `hub-not-found`, `hub-unavailable`; AbortError
 */
export function createRequest(env: HubEnvironment, patience: Patience): Request {
  const endpoint = new URL(env.endpoint);
  return async (url, init, asked, signal) => {
    if (env.offline) throw new CheckpointError("hub-unavailable", `\`${asked.repository}\` is not complete in the cache, and the hub may not be asked`, { notes: [`cache: ${env.cache}`], help: "run it once without HF_HUB_OFFLINE and --frozen to download it" });
    for (let attempt = 1; ; attempt++) {
      const outcome = await once(url, init, signal);
      if (outcome instanceof Response && (outcome.ok || outcome.status === 416)) return outcome;
      if (outcome instanceof Response && !BUSY.has(outcome.status)) {
        await outcome.body?.cancel();
        throw refusal(outcome, asked, env.endpoint, env.token !== null);
      }
      const wait = pauseBefore(outcome, attempt, patience);
      if (outcome instanceof Response) await outcome.body?.cancel();
      if (attempt >= patience.tries || wait > patience.longest * 1000) throw unavailable(outcome, asked, env, attempt, wait);
      await sleep(wait, signal);
    }
  };

  /** One try through all redirects; a broken connection is given back as its cause. */
  async function once(start: string, init: RequestInit, signal: AbortSignal): Promise<Response | Error> {
    let url = new URL(start);
    for (let hop = 0; ; hop++) {
      const headers = new Headers(init.headers);
      headers.set("Accept-Encoding", "identity");
      headers.set("User-Agent", "saeq");
      if (url.host === endpoint.host && env.token !== null) headers.set("Authorization", `Bearer ${env.token}`);
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(new Error(`no answer within ${patience.silence / 1000} seconds`)), patience.silence);
      let response: Response;
      try {
        admitHost(url.host);
        response = await fetch(url, { ...init, headers, redirect: "manual", signal: AbortSignal.any([signal, silence.signal]) });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CheckpointError) throw error;
        return silence.signal.aborted ? (silence.signal.reason as Error) : error instanceof Error ? error : new Error(String(error));
      } finally {
        clearTimeout(timer);
      }
      if (response.status < 300 || response.status > 399 || response.status === 304) return response;
      await response.body?.cancel();
      if (hop === MOST_HOPS) throw new CheckpointError("hub-unavailable", `${url.host} sends on more than ${MOST_HOPS} times`, { help: "check HF_ENDPOINT" });
      url = await redirected(url, response.headers.get("Location"), endpoint);
    }
  }
}

/** Milliseconds until the next try: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), else doubled each time. */
function pauseBefore(outcome: Response | Error, attempt: number, patience: Patience): number {
  const after = outcome instanceof Response ? outcome.headers.get("Retry-After") : null;
  const seconds = after === null ? Number.NaN : /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : patience.pause * 2 ** (attempt - 1);
}

function unavailable(outcome: Response | Error, asked: Asked, env: HubEnvironment, tries: number, wait: number): CheckpointError {
  const busy = outcome instanceof Response;
  const cause = busy ? `${env.host} answered ${outcome.status}` : reasonOf(outcome);
  return new CheckpointError("hub-unavailable", busy && outcome.status === 429 ? "the hub asks for fewer requests" : `the hub cannot be reached for \`${asked.repository}\``, {
    notes: [`${cause}, ${tries === 1 ? "once" : `${tries} times`}`],
    help: busy && wait > 0 && outcome.headers.has("Retry-After") ? `try again in ${Math.ceil(wait / 1000)} seconds` : "check the connection and HF_ENDPOINT, then run this again: what was downloaded is kept",
  });
}

/** What undici hides one level down: ECONNREFUSED, ENOTFOUND. */
export function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return code === "" || cause.message.includes(code) ? cause.message || code : `${cause.message} (${code})`;
}

export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((done, stop) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      done();
    }, ms);
    const abort = (): void => {
      clearTimeout(timer);
      stop(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}
