/** Without this file nobody could look up in transformers what a hook of saeq is. */
import type { Hook, HookFact, HookFacts } from "../../../src/ops/hook.ts";
import type { Heads } from "./heads.ts";

/** The modules of one block that hooks are read at, below the block's own path. */
export interface BlockModules {
  /** The block itself, `{layer}` for its number. */
  readonly block: string;
  /** null: attention and MLP read the stream as it is. */
  readonly ln1: string | null;
  /** null: there is no second norm of its own. */
  readonly ln2: string | null;
  /** The projection out of attention: hook z is what goes into it. */
  readonly o: string;
  readonly attentionOut: string;
  /** absent: `mlp`, as in most families. */
  readonly mlpIn?: string;
  readonly mlpOut: string;
  /** Norms of the stream itself, behind what attention and MLP add to it. */
  readonly streamNormedBy?: { readonly attention: string; readonly mlp: string };
  /** true: the modules around those of attention and MLP add the stream to what these give, and give out the sum. */
  readonly addedInside?: true;
  readonly parallel: boolean;
  /** Norms behind attention and MLP, where `attentionOut` and `mlpOut` are read before them. */
  readonly normedBy?: { readonly attention: string; readonly mlp: string };
}

/** Hooks as TransformerLens defines them, said in modules of transformers. */
export function hookFacts({ hiddenSize, heads, headDim }: Heads, modules: BlockModules): HookFacts {
  const below = (module: string): string => `${modules.block}.${module}`;
  const at = (module: string, width = hiddenSize): HookFact & { readonly state: "present" } => ({ state: "present", module, width });
  const absent = (why: string): HookFact => ({ state: "absent", why });
  const output = (module: string, normedBy: string | undefined): HookFact => ({ ...at(`${below(module)} output${modules.addedInside === true ? ", before the module around it adds the stream" : ""}`), ...(normedBy === undefined ? {} : { normedBy: below(normedBy) }) });
  const { ln1, ln2, mlpIn = "mlp", streamNormedBy: standing } = modules;
  const middle = standing === undefined ? at(`${below(ln2 ?? ln1 ?? mlpIn)} input`) : { ...at(`${below(standing.attention)} input`), normedBy: below(standing.attention) };
  const behind = modules.normedBy ?? standing;
  const normalized = (module: string | null): HookFact => (module === null ? absent("attention and MLP read the stream as it is, and the norms stand behind them") : at(`${below(module)} output, before its weight and bias`));
  const facts: Record<Hook, HookFact> = {
    resid_pre: at(`${modules.block} input`),
    ln1_normalized: normalized(ln1),
    z: at(`${below(modules.o)} input`, heads * headDim),
    attn_out: output(modules.attentionOut, behind?.attention),
    resid_mid: modules.parallel ? absent("attention and MLP read the same input side by side, so nothing lies between them") : middle,
    ln2_normalized: normalized(ln2 ?? ln1),
    mlp_in: at(`${below(mlpIn)} input`),
    mlp_out: output(modules.mlpOut, behind?.mlp),
    resid_post: at(`${modules.block} output`),
  };
  return facts;
}

/** The same of layers of two kinds, whose projections out are named one by one: what either adds to the stream, and no heads that both have; `others` says what those without heads like these are. */
export function hooksOfKinds(facts: HookFacts, block: string, projections: readonly string[], others: string): HookFacts {
  const { attn_out: fact } = facts;
  const modules = projections.map((name) => `${block}.${name} output`);
  if (fact.state === "absent" || modules.every((module) => module === fact.module)) return facts;
  const names = [...new Set(projections)].toSorted();
  return { ...facts, attn_out: { ...fact, module: `${block}.${names.length === 1 ? names[0] : `(${names.join(" or ")})`} output`, modules }, z: { state: "absent", why: `its layers are of two kinds, and those of ${others}` } };
}
