/** Without this file a question about a feature would have to repeat the layer that its SAE already names. */
import type { Plan } from "../../ops/op.ts";
import type { Lowering } from "../stage.ts";
import { on } from "./edited.ts";
import { encoded } from "./encoded.ts";
import { residual } from "./residual.ts";
import { atSaes } from "./sae_reading.ts";

/** Texts or tokens → activations at the layer and hook of the one SAE that is set. Null after a reported mistake. */
export function actsAtSae(context: Lowering, texts: Plan): Plan | null {
  const saes = context.saes();
  const [sae] = saes;
  if (sae === undefined) return null;
  if (saes.length > 1 || sae.layer === null) {
    context.report({ code: "missing-argument", message: saes.length > 1 ? `${saes.length} SAEs are set, and each reads another layer` : "this SAE does not say which layer it reads", help: "… | acts layer 7 | contexts 12" });
    return null;
  }
  const own = on(context, texts);
  const args = { layer: [sae.layer], hook: sae.hook ?? "resid_post", centred: false, last: null, first: null, of: "all" } as const;
  const dense = residual(own, args, atSaes(own, args, saes));
  return dense === null ? null : encoded(own, dense);
}
