/** Without this file two tests of parity could mean two things by "no unexplained flip". */
import * as assert from "uvu/assert";

/** What an SAE's owner computes, [rows · features] each: activations, distance to each decision, and what float32 may move it by. */
export interface Expected {
  readonly acts: Float32Array;
  readonly margin: Float32Array;
  readonly bound: Float32Array;
}

/**
 * Active sets are equal but for features within `bound` of their decision, and values agree to 1e-5, except small ones left over from
 * large terms that cancel: those agree within the bound of the sum, and are few.
 */
export function requireParity(ours: Float32Array, { acts, margin, bound }: Expected, name: string, leastActive: number): void {
  const tally = { active: 0, flips: 0, unexplained: 0, worst: 0, excused: 0 };
  for (let at = 0; at < acts.length; at += 1) {
    const [mine, theirs] = [ours[at] as number, acts[at] as number];
    if (mine > 0 !== theirs > 0) {
      tally.flips += 1;
      if ((margin[at] as number) > (bound[at] as number)) tally.unexplained += 1;
    } else if (theirs > 0) {
      tally.active += 1;
      const difference = Math.abs(mine - theirs);
      if (difference > 1e-5 * theirs && difference <= (bound[at] as number)) tally.excused += 1;
      else tally.worst = Math.max(tally.worst, difference / theirs);
    }
  }
  const report = `${name}: ${JSON.stringify(tally)}`;
  if (process.env["SAEQ_PARITY_REPORT"]) console.log(report);
  assert.ok(tally.active > leastActive, report);
  assert.is(tally.unexplained, 0, report);
  assert.ok(tally.excused <= 0.01 * tally.active, report);
  assert.ok(tally.worst <= 1e-5, report);
}
