/** Without this file a long document would keep the server from answering what is quick, and be worked on after it was changed. */
import { LSPErrorCodes, ResponseError, type CancellationToken } from "vscode-languageserver/node";
import type { Steps } from "../../src/check/in_steps.ts";
import { createTurns } from "../../runtime/turns.ts";

/** Work on documents, each until it changes. */
export interface Work {
  /** The document is another one now: what is worked out of it is of no use any more. */
  stop(uri: string): void;
  /** Take the steps in turns with all else; false: the document changed meanwhile. */
  done(uri: string, steps: Steps<void>): Promise<boolean>;
  /** The same for whoever waits for an answer. @throws ResponseError where the document changed, or nobody waits any more */
  forAnswer(uri: string, steps: Steps<void>, token: CancellationToken): Promise<void>;
}

export function createWork(): Work {
  const open = new Map<string, AbortController>();
  const signalOf = (uri: string): AbortSignal => {
    const known = open.get(uri) ?? new AbortController();
    open.set(uri, known);
    return known.signal;
  };
  return {
    stop: (uri) => {
      open.get(uri)?.abort();
      open.delete(uri);
    },
    done: (uri, steps) => taken(steps, signalOf(uri)),
    forAnswer: async (uri, steps, token) => {
      const unwanted = new AbortController();
      const listening = token.onCancellationRequested(() => unwanted.abort());
      const there = signalOf(uri);
      const finished = await taken(steps, AbortSignal.any([there, unwanted.signal]));
      listening.dispose();
      if (finished) return;
      throw there.aborted ? new ResponseError(LSPErrorCodes.ContentModified, "the document was changed") : new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");
    },
  };
}

async function taken(steps: Steps<void>, signal: AbortSignal): Promise<boolean> {
  const turns = createTurns(signal);
  try {
    for (const _ of steps) {
      const pass = turns.between();
      if (pass !== null) await pass;
    }
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
