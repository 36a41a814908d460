/** Without this file each session of the tests would start an engine of its own and open the same graphs in it, which takes longer than most of what is asked. */
import type { EngineOptions } from "../../runtime/engine/port.ts";
import { createSessionEngine, type SessionEngine } from "../../runtime/session/session_engine.ts";

/** Engines whose session was closed, by what they were asked to be. */
const spare = new Map<string, SessionEngine[]>();

/** An engine for one session: one that no other has any more, or a new one. It goes back when the session closes, and ends with the process. */
export function spareEngine(given: Partial<EngineOptions> = { lanes: 1, threads: 1 }): SessionEngine {
  const id = JSON.stringify(given);
  const alike = spare.get(id) ?? [];
  spare.set(id, alike);
  const own = alike.pop() ?? createSessionEngine(given);
  let closed = false;
  return {
    forPlan: own.forPlan,
    ahead: own.ahead,
    kill: own.kill,
    async close() {
      if (!closed) alike.push(own);
      closed = true;
    },
  };
}

/** End those that no session has: for tests that look at processes, or that start them otherwise. */
export async function endSpareEngines(): Promise<void> {
  await Promise.all([...spare.values()].flatMap((alike) => alike.splice(0)).map((engine) => engine.close()));
}
