/** Without this file families would divide a model into heads, and check that they fit, each on its own. */
import { optional, size, type Config } from "../config.ts";
import { contradiction } from "./family.ts";

export interface Heads {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Keys as most configs name them; `headDim`, `kvHeads` and `ownHeads` are the defaults of a family that has its own. */
export function headsOf(config: Config, headDim: number | null = null, kvHeads: number | null = null, ownHeads: number | null = null): Heads {
  const hiddenSize = size(config, "hidden_size");
  const heads = size(config, "num_attention_heads", ownHeads);
  // Said to be none, they are as many as the heads; where nothing is said the family knows.
  const kv = size(config, "num_key_value_heads", Object.hasOwn(config.value, "num_key_value_heads") ? heads : (kvHeads ?? heads));
  if (heads % kv !== 0) throw contradiction(config, "num_key_value_heads", `which does not divide the ${heads} heads`);
  const whole = Number.isInteger(hiddenSize / heads) ? hiddenSize / heads : null;
  if (optional(config, "head_dim") === null && headDim === null && whole === null) throw contradiction(config, "hidden_size", `which ${heads} heads do not divide, and there is no \`head_dim\``);
  return { hiddenSize, heads, kvHeads: kv, headDim: size(config, "head_dim", headDim ?? whole) };
}

/** Heads that share the stream evenly; a `head_dim` that says otherwise would turn columns that they have not. `alone`: each has keys of its own, whatever is said. */
export function evenHeads(config: Config, alone = false): Heads {
  const { head_dim: _, num_key_value_heads: shared, ...own } = config.value;
  const shape = headsOf({ ...config, value: alone || shared === undefined ? own : { ...own, num_key_value_heads: shared } });
  if (optional(config, "head_dim") !== null && size(config, "head_dim") !== shape.headDim) throw contradiction(config, "head_dim", `and ${shape.heads} heads of ${shape.hiddenSize} columns have ${shape.headDim} each`);
  return shape;
}
