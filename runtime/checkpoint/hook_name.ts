/** Without this file an SAE could not say which layer and which hook it belongs to. */
import { HOOK_NAMES, HOOKS, type Hook } from "../../src/ops/hook.ts";

/** The layer and the hook of a TransformerLens name, null where saeq has no such hook; sae_lens finds layers the same way (`util.extract_layer_from_tlens_hook_name`). */
export function parseHookName(name: string): { readonly layer: number | null; readonly hook: Hook | null } {
  const layer = /\.(\d+)(?:\.|$)/.exec(name)?.[1];
  const below = /^blocks\.\d+\.(.+)$/.exec(name)?.[1];
  return { layer: layer === undefined ? null : Number(layer), hook: HOOKS.find((hook) => HOOK_NAMES[hook] === below) ?? null };
}
