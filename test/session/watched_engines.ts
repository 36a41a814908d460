/** Without this file no test of a session could see what its engine is asked. */
import type { Engine } from "../../runtime/engine/port.ts";
import type { SessionEngine } from "../../runtime/session/session_engine.ts";
import { spareEngine } from "./spare_engines.ts";

/** A session's engines, one lane of one thread, each as `watch` makes of it. */
export function watchedEngines(watch: (engine: Engine) => Engine): SessionEngine {
  const inner = spareEngine();
  return {
    ...inner,
    forPlan: async (...asked) => {
      const { engine, place } = await inner.forPlan(...asked);
      return { engine: watch(engine), place };
    },
    ahead: async (...asked) => {
      const engine = await inner.ahead(...asked);
      return engine === null ? null : watch(engine);
    },
  };
}
