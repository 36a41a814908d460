/** Without this file each session of the tests would start an engine of its own and open the same graphs in it, which takes longer than most of what is asked. */
import { createSessionEngine, type SessionEngine } from "../../runtime/session/session_engine.ts";

/** Engines of one lane and one thread whose session was closed. */
const spare: SessionEngine[] = [];

/** An engine for one session: one that no other has any more, or a new one. It goes back when the session closes, and ends with the process. */
export function spareEngine(): SessionEngine {
  const own = spare.pop() ?? createSessionEngine({ lanes: 1, threads: 1 });
  let closed = false;
  return {
    forPlan: own.forPlan,
    ahead: own.ahead,
    kill: own.kill,
    async close() {
      if (!closed) spare.push(own);
      closed = true;
    },
  };
}
