/** Without this file nobody could look up in transformers what a hook of saeq is. */
import type { Hook, HookFact, HookFacts } from "../../../src/ops/hook.ts";
import type { Heads } from "./heads.ts";

/** The modules of one block that hooks are read at, below the block's own path. */
export interface BlockModules {
  /** The block itself, `{layer}` for its number. */
  readonly block: string;
  readonly ln1: string;
  /** null: there is no second norm of its own. */
  readonly ln2: string | null;
  /** The projection out of attention: hook z is what goes into it. */
  readonly o: string;
  readonly attentionOut: string;
  /** absent: `mlp`, as in most families. */
  readonly mlpIn?: string;
  readonly mlpOut: string;
  readonly parallel: boolean;
}

/** Hooks as TransformerLens defines them, said in modules of transformers. */
export function hookFacts({ hiddenSize, heads, headDim }: Heads, modules: BlockModules): HookFacts {
  const below = (module: string): string => `${modules.block}.${module}`;
  const at = (module: string, width = hiddenSize): HookFact => ({ state: "present", module, width });
  const absent = (why: string): HookFact => ({ state: "absent", why });
  const facts: Record<Hook, HookFact> = {
    resid_pre: at(`${modules.block} input`),
    ln1_normalized: at(`${below(modules.ln1)} output, before its weight and bias`),
    z: at(`${below(modules.o)} input`, heads * headDim),
    attn_out: at(`${below(modules.attentionOut)} output`),
    resid_mid: modules.parallel ? absent("attention and MLP read the same input side by side, so nothing lies between them") : at(`${below(modules.ln2 ?? modules.ln1)} input`),
    ln2_normalized: at(`${below(modules.ln2 ?? modules.ln1)} output, before its weight and bias`),
    mlp_in: at(`${below(modules.mlpIn ?? "mlp")} input`),
    mlp_out: at(`${below(modules.mlpOut)} output`),
    resid_post: at(`${modules.block} output`),
  };
  return facts;
}
