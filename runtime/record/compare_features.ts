/** Without this file one feature more by a tie would look like another result. */
import { nearCount } from "./compare_columns.ts";
import type { Margin } from "./margin.ts";

/** Scores that are not counts may move by so large a share between devices. */
const SHARE = 0.01;

/** Lists of top features of two runs: the same sets, but for features whose score is as good as the last one's. */
export function sameFeatures(before: readonly Margin[], now: readonly Margin[]): { readonly what: readonly string[]; readonly ties: readonly string[] } {
  if (before.length !== now.length) return { what: [`${before.length} lists of features, now ${now.length}`], ties: [] };
  const what: string[] = [];
  const ties: string[] = [];
  before.forEach((list, i) => {
    const other = now[i]!;
    const where = `${list.group === null ? "" : `group ${list.group}: `}${list.layer === null ? "" : `layer ${list.layer}: `}`;
    const gone = list.features.filter((feature) => !other.features.includes(feature));
    const come = other.features.filter((feature) => !list.features.includes(feature));
    const near = (a: number, b: number): boolean => (list.by === "count" ? nearCount(a, b) : Math.abs(a - b) <= SHARE * Math.max(Math.abs(a), Math.abs(b)));
    const score = (of: Margin, feature: number | string): number => of.scores[of.features.indexOf(feature)] ?? Number.NaN;
    const tied = (of: Margin, feature: number | string): boolean => near(score(of, feature), of.next ?? of.scores.at(-1) ?? Number.NaN);
    for (const feature of gone) {
      const told = `feature ${feature} (${list.by} ${score(list, feature)}) is no longer among the first ${list.asked}`;
      if (tied(list, feature)) ties.push(`${where}${told}: the first feature left out had ${list.next ?? "none"}`);
      else what.push(`${where}${told}; the first feature left out had ${list.next ?? "none"}, so this is no tie`);
    }
    for (const feature of come) {
      const told = `feature ${feature} (${list.by} ${score(other, feature)}) is now among the first ${list.asked}`;
      if (tied(other, feature)) ties.push(`${where}${told}: a tie with those left out`);
      else what.push(`${where}${told}; the first feature left out has ${other.next ?? "none"}, so this is no tie`);
    }
    for (const feature of list.features.filter((each) => other.features.includes(each))) {
      if (!near(score(list, feature), score(other, feature))) what.push(`${where}feature ${feature} has ${list.by} ${score(other, feature)}, and had ${score(list, feature)}`);
    }
    const order = (of: Margin): string => of.features.filter((feature) => list.features.includes(feature) && other.features.includes(feature)).join();
    if (order(list) !== order(other)) ties.push(`${where}the order of features with nearly the same ${list.by} differs`);
  });
  return { what: what.slice(0, 5), ties };
}
