/** Without this file a cancel would wait in line behind the very work that it is to end. */
import type { Reply, Request } from "./protocol.ts";

export interface Answering {
  /** Resolves with the one reply of a request; never rejects. */
  readonly reply: (request: Exclude<Request, { kind: "stop" }>) => Promise<Reply>;
  /** Ask the call that runs, if any, to end: a provider may finish what it took as one piece. */
  readonly endRunning: () => void;
  readonly send: (reply: Reply) => void;
}

/** Work of a model, which a stop refuses: what opens, measures or quantises is asked for again by the next query. */
const STOPPABLE = new Set<Request["kind"]>(["run", "begin", "step"]);

/**
 * Takes requests as they come and answers them one after another. A `stop` is answered at once: what runs is asked to end, what came before it
 * and still waits is refused, and what comes after it runs as ever. Where a call blocks the process, the stop is read when that call has ended.
 */
export function inOrder({ reply, endRunning, send }: Answering): (request: Request) => void {
  let last: Promise<void> = Promise.resolve();
  let stopped = 0;
  return (request) => {
    if (request.kind === "stop") {
      stopped = request.id;
      endRunning();
      send({ kind: "done", id: request.id, outputs: {}, ms: 0 });
      return;
    }
    last = last.then(async () => {
      const refused = request.id < stopped && STOPPABLE.has(request.kind);
      send(refused ? { kind: "failed", id: request.id, opening: false, message: "stopped before it ran" } : await reply(request));
    });
  };
}
