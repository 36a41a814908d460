/** Without this file one dropped connection or one busy moment of the hub would end a run. */
import { CheckpointError } from "../checkpoint/error.ts";
import type { HubEnvironment } from "./environment.ts";
import { admitHost } from "../data/admission.ts";
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

/** `most`: the body, of at most so many bytes, is read as part of each try; absent: it is the caller's to read, who waits for it with `heard`. */
export type Request = (url: string, init: RequestInit, asked: Asked, signal: AbortSignal, most?: number) => Promise<Response>;

const BUSY = new Set([408, 429, 500, 502, 503, 504]);
const MOST_HOPS = 5;

/**
 * GET or POST to the hub: the token to the hub alone, redirects as `redirect.ts` allows, busy answers and broken connections tried again with
 * growing pauses or as `Retry-After` says. Gives an answer of 2xx or 416, everything else throws.
 * @throws CheckpointError `hub-denied`, `hub-not-found`, `hub-unavailable`; AbortError
 */
export function createRequest(env: HubEnvironment, patience: Patience): Request {
  const endpoint = new URL(env.endpoint);
  return async (url, init, asked, signal, most) => {
    if (env.offline) throw new CheckpointError("hub-unavailable", `\`${asked.repository}\` is not complete in the cache, and the hub may not be asked`, { notes: [`cache: ${env.cache}`], help: "run it once without HF_HUB_OFFLINE and --frozen to download it" });
    for (let attempt = 1; ; attempt++) {
      const answer = await once(url, init, signal);
      const outcome = most !== undefined && answer instanceof Response && (answer.ok || answer.status === 416) ? await whole(answer, most, patience, signal) : answer;
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

/** The same answer with its body read, cut off behind `most` bytes; what kept it from coming. */
async function whole(answer: Response, most: number, patience: Patience, signal: AbortSignal): Promise<Response | Error> {
  const parts: Uint8Array[] = [];
  const reader = answer.body?.getReader();
  try {
    for (let left = most; reader !== undefined && left > 0; ) {
      const next = await heard(reader.read(), patience, signal);
      if (next.done) break;
      parts.push(next.value.subarray(0, left));
      left -= next.value.length;
    }
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await reader?.cancel().catch(() => {});
  }
  return new Response(parts.length === 0 ? null : Buffer.concat(parts), { status: answer.status, statusText: answer.statusText, headers: answer.headers });
}

/** A read that fails after a long silence, or at once when it is no longer wanted. */
export function heard<T>(work: Promise<T>, patience: Patience, signal: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const stop = (): void => fail(signal.reason);
    const timer = setTimeout(() => fail(new Error(`no byte within ${patience.silence / 1000} seconds`)), patience.silence);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    work.then(done, fail).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    });
  });
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
