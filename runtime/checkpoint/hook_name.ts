/** Without this file an SAE could not say which layer it belongs to. */
import type { Hook } from "../../src/ops/op.ts";

/** The layer and, where it is the residual stream, the hook of a TransformerLens name; sae_lens finds layers the same way (`util.extract_layer_from_tlens_hook_name`). */
export function parseHookName(name: string): { readonly layer: number | null; readonly hook: Hook | null } {
  const layer = /\.(\d+)(?:\.|$)/.exec(name)?.[1];
  const hook = /^blocks\.\d+\.hook_(resid_pre|resid_post)$/.exec(name)?.[1];
  return { layer: layer === undefined ? null : Number(layer), hook: hook === "resid_pre" || hook === "resid_post" ? hook : null };
}
