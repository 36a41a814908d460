/** Without this file each family whose MLP is Llama's but for the gate would put the same two maps together. */
import type { PlainSpec } from "../../../src/emit/specs.ts";
import { size } from "../config.ts";
import { linear, type Source } from "./family.ts";

/** Maps up_proj and down_proj below a module; of `intermediate_size` columns. */
export function plainMlp(source: Source, at: string, d: number, { activation, bias }: Pick<PlainSpec, "activation"> & { readonly bias: boolean }): PlainSpec {
  const inner = size(source.config, "intermediate_size");
  return { kind: "plain", activation, up: linear(source, `${at}.up_proj`, inner, d, bias), down: linear(source, `${at}.down_proj`, d, inner, bias) };
}
