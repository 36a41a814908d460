/** Without this file a fast program could be a wrong one. */

export interface Agreement {
  /** Mean number of features that fire on a token. */
  readonly l0: number;
  /** Pairs (token, feature) active in both, of those active in either. */
  readonly jaccard: number;
}

type Active = readonly (readonly number[])[];

export function agreement(active: Active, reference: Active): Agreement {
  if (active.length !== reference.length) throw new Error(`${active.length} tokens are compared with ${reference.length}`);
  const pairs = (sets: Active): number => sets.reduce((sum, features) => sum + features.length, 0);
  const shared = active.reduce((sum, features, token) => {
    const other = new Set(reference[token]);
    return sum + features.filter((feature) => other.has(feature)).length;
  }, 0);
  return { l0: pairs(active) / active.length, jaccard: shared / (pairs(active) + pairs(reference) - shared) };
}
