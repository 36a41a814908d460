/** Without this file a wrong hook, a lost normalisation or another model would give features that mean nothing, in good order. */
import type { LoadedSae } from "../catalog.ts";
import { expectedOf } from "./expected.ts";
import { judge } from "./judge.ts";
import { measure, type Rows } from "./measure.ts";

/** Tokens that are looked at: enough for L0 within a few percent, little beside a job worth guarding. */
export const GUARD_TOKENS = 1000;
/** Fewer say nothing: the next job is looked at instead. */
const FEWEST = 64;

/** Which pairs of model, hook and SAE a session has found to fit. */
export interface Guard {
  readonly on: boolean;
  readonly passed: Set<string>;
}

/** One tap with its SAE, as the first texts of a job gave it. */
export interface Guarded {
  /** Names the pair. */
  readonly key: string;
  readonly model: string;
  readonly sae: LoadedSae;
  readonly rows: readonly Rows[];
  /** Whether the texts begin with a special token. */
  readonly bos: boolean;
}

/**
 * Compare what an SAE does on the first texts of a job, in the order of the plan, with what is known of it. Reads what the job computes
 * anyway and changes none of it. Once for a pair in a session.
 * @throws CheckpointError `guard-failed`
 */
export async function requireFit(guard: Guard, { key, model, sae, rows, bos }: Guarded): Promise<void> {
  const measured = measure(rows);
  if (measured.tokens < FEWEST) return;
  const { spec, facts, located } = sae;
  judge(measured, await expectedOf(located.folder, spec.dIn, located.registered), {
    sae: facts.ref.name, hookName: spec.hookName, convention: spec.convention, dSae: spec.dSae, model, trainedOn: facts.trainedOn, bos, trainedWithBos: spec.prependBos,
  });
  guard.passed.add(key);
}
