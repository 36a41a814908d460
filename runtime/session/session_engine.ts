/** Without this file a session would decide between its queries where the model runs, and forget to end the engine it had before. */
import { availableParallelism } from "node:os";
import { CPU } from "../../src/emit/target.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { Settings } from "../../src/stages/stage.ts";
import { createEngine, defaultEngineOptions, threadsFor } from "../engine/engine.ts";
import { onCpuAnyway, placement, type Placement } from "../engine/placement.ts";
import type { Engine, EngineOptions } from "../engine/port.ts";
import { surroundings } from "../engine/providers.ts";
import { runsModel } from "../execute/value_key.ts";

/** The one engine of a session: made when it is first needed, and anew where settings ask for another. */
export interface SessionEngine {
  /** The engine for a plan, and where it computes; `onlyOnCpu`: why `auto` takes no device for it. A plan of tables alone asks for none and leaves the engine as it is. */
  forPlan(plan: Plan, settings: Settings, onlyOnCpu?: string | null): Promise<{ readonly engine: Engine; readonly place: Placement }>;
  /** The same before the plan runs, where it is certain without trying a device that it runs on the CPU; else null. Never throws. */
  ahead(plan: Plan, settings: Settings): Promise<Engine | null>;
  kill(): void;
  close(): Promise<void>;
}

/** `given`: what a caller wants otherwise than the settings of the session say by default. */
export function createSessionEngine(given: Partial<EngineOptions> | undefined): SessionEngine {
  const places = new Map<string, Placement>();
  let engine: Engine | null = null;
  /** Decided once: processes that were started take memory, and must not make themselves too many. */
  let usual: EngineOptions | null = null;

  async function placeOf(plan: Plan, { ep, dtype }: Settings, onlyOnCpu: string | null): Promise<Placement> {
    if (!runsModel(plan)) return { target: CPU, reason: "nothing is computed" };
    const id = JSON.stringify([ep, dtype, onlyOnCpu]);
    const found = places.get(id) ?? (await placement(ep, dtype, surroundings(given?.library ?? null), onlyOnCpu));
    places.set(id, found);
    return found;
  }

  async function forPlan(plan: Plan, settings: Settings, onlyOnCpu: string | null = null): Promise<{ readonly engine: Engine; readonly place: Placement }> {
    const place = await placeOf(plan, settings, onlyOnCpu);
    // What computes nothing leaves the engine as it is: its weights may lie on a device.
    if (engine !== null && !runsModel(plan)) return { engine, place };
    usual ??= { ...defaultEngineOptions(), ...given };
    const onCpu = place.target.provider === "cpu";
    // A device is one: several processes would hold its weights several times.
    const lanes = settings.lanes ?? (onCpu ? usual.lanes : 1);
    // More than there are cores only wait for each other.
    const threads = settings.threads === null ? (given?.threads ?? (onCpu ? threadsFor(lanes) : 1)) : Math.min(settings.threads, availableParallelism());
    const byJob = onCpu && lanes > 1 && settings.threads === null && given?.threads === undefined && threadsFor(1) > threads;
    const wanted: EngineOptions = { ...usual, lanes, threads, ...(byJob ? { threadsByJob: true } : {}), batch: settings.batch ?? usual.batch, target: place.target };
    if (engine !== null && JSON.stringify(engine.options) !== JSON.stringify(wanted)) {
      await engine.close();
      engine = null;
    }
    engine ??= createEngine(wanted);
    return { engine, place };
  }

  return {
    forPlan,
    ahead: async (plan, settings) => {
      if (!onCpuAnyway(settings.ep, settings.dtype, surroundings(given?.library ?? null))) return null;
      return forPlan(plan, settings).then((found) => found.engine, () => null);
    },
    kill: () => engine?.kill(),
    close: async () => {
      await engine?.close();
      engine = null;
    },
  };
}
