/** Without this file a lane would not say when it opened its graph and when it ran a batch. Loaded into it before its own code. */
import { appendFileSync } from "node:fs";
import { InferenceSession } from "onnxruntime-node";

const file = process.env["SAEQ_BENCH_EVENTS"];

export interface LaneEvent {
  readonly event: "opened" | "batch";
  readonly pid: number;
  /** Seconds since 1970, at its end. */
  readonly at: number;
  readonly seconds: number;
}

async function timed<T>(event: LaneEvent["event"], work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  const told: LaneEvent = { event, pid: process.pid, at: Date.now() / 1000, seconds: (performance.now() - began) / 1000 };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(told)}\n`);
  return result;
}

type Create = (...args: unknown[]) => Promise<InferenceSession>;
type Run = (...args: unknown[]) => ReturnType<InferenceSession["run"]>;

const create = InferenceSession.create.bind(InferenceSession) as Create;
const timedCreate: Create = async (...args) => {
  const session = await timed("opened", () => create(...args));
  const run = session.run.bind(session) as Run;
  session.run = (...feeds: unknown[]) => timed("batch", () => run(...feeds));
  return session;
};
Object.assign(InferenceSession, { create: timedCreate });
