/** Without this file names of SAEs could not be completed while they are typed. */
import type { CheckpointNames } from "../../src/assist/complete.ts";
import { fullName, releaseNames, saesOf, type RegisteredSae } from "./registry.ts";

/** Releases until a `/` is typed, then the SAEs of that release; models that SAEs were trained on. */
export const checkpointNames: CheckpointNames = (kind, typed) => {
  if (kind === "model") return models();
  const at = typed.indexOf("/");
  if (at === -1) return releaseNames().map((name) => ({ name: `${name}/`, detail: releaseDetail(name) }));
  return saesOf(typed.slice(0, at)).map((sae) => ({ name: fullName(sae), detail: detailOf(sae) }));
};

function models(): readonly { readonly name: string; readonly detail: string }[] {
  const releases = new Map<string, number>();
  for (const name of releaseNames()) {
    const { model } = saesOf(name)[0]!;
    releases.set(model, (releases.get(model) ?? 0) + 1);
  }
  return [...releases].sort(([a], [b]) => (a < b ? -1 : 1)).map(([model, count]) => ({ name: `hf:${model}`, detail: `${count} releases of SAEs` }));
}

function releaseDetail(name: string): string {
  const saes = saesOf(name);
  return `${saes.length} SAEs of ${saes[0]!.model}`;
}

function detailOf({ hook, width, l0 }: RegisteredSae): string {
  return [hook, width === null ? "" : `${width} features`, l0 === null ? "" : `L0 ${l0}`].filter((part) => part !== "").join(", ");
}
