/** Without this file the engine's process would open a graph for each question anew, or hold so many that memory lacks. */
import type { QuantizedEncoder, SaeSpec } from "../../src/emit/sae_specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { lacksMemory } from "./faults.ts";
import type { Screen } from "./lane_screening.ts";
import type { LaneSession } from "./lane_session.ts";
import type { GraphContent, GraphReference } from "./protocol.ts";

/** An open graph, and what its screened taps need. */
export interface Opened {
  readonly session: LaneSession;
  readonly screens: readonly { readonly tap: number; readonly screen: Screen }[];
}

/** A session that could not be made: nothing was run. */
export class OpeningError extends Error {}

/** Sessions kept on the CPU: mapped weights cost nothing, but each session holds its graph and constants. */
const MOST = 4;
/** And on a device, where each has the weights once more: those that a query needs in turn, the one that is looked at by the guard and the plain one. */
const MOST_ON_DEVICE = 2;

interface Making {
  readonly open: (content: GraphContent) => Promise<LaneSession>;
  readonly screen: (sae: SaeSpec, encoder: QuantizedEncoder) => Screen;
  /** Whether a session is in the middle of something and must stay. */
  readonly busy: (session: LaneSession) => boolean;
}

export interface Sessions {
  /** The session of a graph, opened now if its content came along; null: the host must send it. Rejects with OpeningError. */
  of(graph: GraphReference): Promise<Opened | null>;
  /** What fails for want of memory is tried once more without the sessions that nothing uses, but for `used`. */
  makingRoom<T>(work: () => Promise<T>, used: LaneSession | null): Promise<T>;
  /** Ask whatever runs to end. */
  readonly endRunning: () => void;
}

/** The most recently used graphs of one process. */
export function createSessions({ open, screen, busy }: Making): Sessions {
  const kept = new Map<string, Opened>();

  /** Let the oldest go, but for `used` and the busy; whether any went. */
  async function keepAtMost(count: number, used: LaneSession | null = null): Promise<boolean> {
    const before = kept.size;
    for (const [key, oldest] of kept) {
      if (kept.size <= count) break;
      if (oldest.session === used || busy(oldest.session)) continue;
      kept.delete(key);
      await oldest.session.release();
      for (const each of oldest.screens) await each.screen.release();
    }
    return kept.size < before;
  }

  async function makingRoom<T>(work: () => Promise<T>, used: LaneSession | null): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!lacksMemory(error instanceof Error ? error.message : String(error)) || !(await keepAtMost(0, used))) throw error;
      return work();
    }
  }

  return {
    of: async ({ key, content }) => {
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known;
      }
      if (content === null) return null;
      // Before it is opened: on a device both would be there at once.
      await keepAtMost(((content.target ?? CPU).provider === "cpu" ? MOST : MOST_ON_DEVICE) - 1);
      const session = await makingRoom(() => open(content), null).catch((error: unknown) => {
        throw new OpeningError(error instanceof Error ? error.message : String(error));
      });
      const opened: Opened = { session, screens: content.screenings.map(({ tap, sae, encoder }) => ({ tap, screen: screen(sae, encoder) })) };
      kept.set(key, opened);
      return opened;
    },
    makingRoom,
    endRunning: () => {
      for (const { session } of kept.values()) session.end();
    },
  };
}
