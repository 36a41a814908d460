/** Without this file each stage that is asked for features by number would say in its own words that the SAE has no such feature. */
import type { Lowering, SaeFacts } from "../stage.ts";

/** Whether the SAEs, those that are set where none are named, have these features, the values of the argument `feature`; says which is not there. */
export function areFeatures(context: Lowering, features: readonly number[], of?: readonly SaeFacts[]): boolean {
  if (features.length === 0) return true;
  const saes = of ?? context.saes();
  if (saes.length === 0) return false;
  const most = Math.max(...saes.map(({ dSae }) => dSae));
  const beyond = features.find((each) => each >= most);
  if (beyond === undefined) return true;
  context.report({ code: "out-of-range", message: `there is no feature ${beyond}`, span: context.at("feature"), notes: [`the SAE has ${most}, 0 to ${most - 1}; another feature than the one meant is never offered`] });
  return false;
}
