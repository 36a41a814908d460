/** Without this file a wrong hook, a lost normalisation or another model would give features that mean nothing, in good order. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { Csr } from "../kernels/csr.ts";
import type { LoadedSae } from "../catalog/catalog.ts";
import { SHIPPED } from "../catalog/shipped.ts";
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
  /** Told of a pair that there is too little to try it on. */
  readonly untried?: (pair: string, text: string) => void;
}

/** What features give back through the SAE's decoder, [rows, width]. */
export type Restore = (sae: SaeSpec, csr: Csr, residual: Float32Array) => Promise<Float32Array>;

/** Tokens whose reconstruction is worked out: it multiplies with all of the decoder, which the job itself does not. */
const RESTORED_TOKENS = 128;

/** The first rows with what their features give back; a transcoder gives back something else than it reads. */
async function givenBack(sae: SaeSpec, rows: readonly Rows[], restore: Restore): Promise<readonly Rows[]> {
  if (sae.decoder === null || sae.hookOut !== null) return rows;
  let tokens = 0;
  const last = rows.findIndex(({ counted }) => (tokens += counted.length) >= RESTORED_TOKENS);
  const chosen = last === -1 ? rows : rows.slice(0, last + 1);
  const restored: Rows[] = [];
  for (const one of chosen) {
    // One document may be long: its rows up to the last that counts for this.
    const counted = one.counted.slice(0, RESTORED_TOKENS);
    const count = Math.min(one.sparse.indptr.length - 1, Math.max(2, (counted.at(-1) ?? 0) + 1));
    const end = one.sparse.indptr[count]!;
    const csr: Csr = { rows: count, cols: sae.dSae, indptr: one.sparse.indptr.slice(0, count + 1), indices: one.sparse.indices.slice(0, end), values: one.sparse.values.slice(0, end) };
    restored.push({ ...one, counted, restored: await restore(sae, csr, one.dense.values.slice(0, count * one.dense.width)) });
  }
  // L0 and norm are of all rows; the reconstruction of these.
  return [...rows, ...restored.map((one) => ({ ...one, onlyRestored: true as const }))];
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
export async function requireFit(guard: Guard, { key, model, sae, rows, bos }: Guarded, restore: Restore): Promise<void> {
  const positions = rows.reduce((sum, { counted }) => sum + counted.length, 0);
  if (positions < FEWEST) {
    const { name } = sae.facts.ref;
    // What ships with saeq is known to fit.
    if (positions > 0 && !(name === SHIPPED && model === SHIPPED)) guard.untried?.(`${model} ${name}`, `whether the SAE ${name} fits was not tried: that takes ${FEWEST} tokens at least, and there ${positions === 1 ? "is" : "are"} ${positions}; a longer query tries it`);
    return;
  }
  const measured = measure(await givenBack(sae.spec, rows, restore));
  const { spec, facts, located } = sae;
  judge(measured, await expectedOf(located.folder, spec.dIn, located.registered), {
    sae: facts.ref.name, hookName: spec.hookName, convention: spec.convention, dSae: spec.dSae, model, trainedOn: facts.trainedOn, bos, trainedWithBos: spec.prependBos,
  });
  guard.passed.add(key);
}
